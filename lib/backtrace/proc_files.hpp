// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <string>
#include <vector>

namespace glovebox::backtrace {

/// What a file below /proc says, up to a limit; empty when it cannot be read.
std::string read_proc(const std::string& path, std::size_t most);

/// The main thread's first.
std::vector<pid_t> thread_numbers(pid_t pid, std::size_t most);

struct thread_status {
  std::string name;
  char letter = '?';    ///< as ps(1) has it
  std::string text;     ///< as thread_trace has it
  pid_t inner_tid = 0;  ///< in the thread's own namespace
  pid_t tracer = 0;
};
thread_status read_status(pid_t pid, pid_t tid);

}  // namespace glovebox::backtrace
