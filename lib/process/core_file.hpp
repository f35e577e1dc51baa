// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <filesystem>
#include <string>
#include <string_view>

namespace glovebox::process {

/// What is known of a process that has dumped its core.
struct dumped_process {
  pid_t pid = 0;
  int signal = 0;
  std::filesystem::path directory;  // where it ran
  std::string name;                 // of its main thread
};

/// Where the kernel has put the core file: its path, if a file is there; else what its settings
/// (core(5)) say about the place.
std::string core_file_of(const dumped_process& which);

/// The same for given contents of /proc/sys/kernel/core_pattern and core_uses_pid: the path, or
/// nothing where it is piped to a program or holds what is not known afterwards.
std::filesystem::path core_path(std::string_view pattern, bool uses_pid,
                                const dumped_process& which);

}  // namespace glovebox::process
