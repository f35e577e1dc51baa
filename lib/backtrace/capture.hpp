// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::backtrace {

/// A line of /proc/PID/maps.
struct mapping {
  std::uint64_t from = 0, to = 0;
  std::uint64_t file_offset = 0;
  bool readable = false, writable = false, executable = false;
  std::uint32_t device_major = 0, device_minor = 0;
  std::uint64_t inode = 0;  // 0: no file
  std::string path;         // or [stack], [vdso], ...
};

/// A thread as it was at one moment.
struct captured_thread {
  pid_t tid = 0;
  std::string name;
  std::string state;                     // as thread_trace has it
  std::vector<std::uint64_t> registers;  // as crash_record has them; empty: they are not known
  std::uint64_t stack_address = 0;       // of the first byte of `stack`
  std::vector<std::byte> stack;
  std::string note;  // why something is missing
};

/// All that is needed to find out where the threads were. Nothing else is asked of the process, so
/// that it may go on, or end. Everything in here may be a lie.
struct capture {
  std::vector<mapping> mappings;
  std::vector<captured_thread> threads;  // the one of interest first
};

}  // namespace glovebox::backtrace
