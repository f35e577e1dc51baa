// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/capture_process.hpp"
#include "backtrace/maps.hpp"

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace glovebox::backtrace {

record_copy read_record(int fd) {
  // Not by `new`, which would write all of it.
  record_copy record(
      static_cast<process::crash_record*>(std::calloc(1, sizeof(process::crash_record))));
  if (!record) throw std::bad_alloc();
  auto* const to = reinterpret_cast<char*>(record.get());
  process::take_used_parts(*record, [&](std::size_t offset, std::size_t size) {
    while (size != 0) {
      const ssize_t got = ::pread(fd, to + offset, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      offset += static_cast<std::size_t>(got);
      size -= static_cast<std::size_t>(got);
    }
    return true;
  });
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
