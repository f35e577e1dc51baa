// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/capture_process.hpp"
#include "backtrace/maps.hpp"

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>

namespace glovebox::backtrace {

std::unique_ptr<process::crash_record> read_record(int fd) {
  auto record = std::make_unique<process::crash_record>();
  auto* const to = reinterpret_cast<char*>(record.get());
  for (std::size_t have = 0; have != sizeof *record;) {
    const ssize_t got = ::pread(fd, to + have, sizeof *record - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  return record;
}

capture from_record(const process::crash_record& record) {
  capture made;
  const std::uint32_t maps = std::min(record.maps_size, process::crash_record::maps_bytes);
  made.mappings = parse_maps({record.maps, maps});

  captured_thread& thread = made.threads.emplace_back();
  thread.tid = static_cast<pid_t>(record.thread.load(std::memory_order_relaxed));
  const std::uint32_t registers =
      std::min(record.register_count, process::crash_record::most_registers);
  thread.registers.assign(record.registers, record.registers + registers);
  const std::uint32_t stack = std::min(record.stack_size, process::crash_record::stack_bytes);
  thread.stack_address = record.stack_address;
  // The last address itself is none that anything could lie behind.
  if (record.stack_address <= UINT64_MAX - stack)
    thread.stack.assign(record.stack, record.stack + stack);
  return made;
}

}  // namespace glovebox::backtrace
