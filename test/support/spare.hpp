// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <fstream>
#include <string>

namespace glovebox::test {

inline std::string name_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

/// Whether a process is what a fork server keeps for whoever wants the next child. It has the
/// server's name before it has its own.
inline bool is_spare(pid_t pid) {
  const std::string name = name_of(pid);
  return name == "glovebox-spare" || name == "glovebox-server";
}

}  // namespace glovebox::test
