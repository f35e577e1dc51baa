// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/core_file.hpp"

#include <unistd.h>
#include <fstream>
#include <system_error>

namespace glovebox::process {
namespace {

std::string first_line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::filesystem::path core_path(std::string_view pattern, bool uses_pid,
                                const dumped_process& which) {
  if (pattern.empty() || pattern.front() == '|') return {};
  std::string name;
  bool has_pid = false;
  for (std::size_t i = 0; i != pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      name += pattern[i];
      continue;
    }
    switch (pattern[++i]) {
      case '%':
        name += '%';
        break;
      case 'p':  // in its PID namespace, which is ours unless somebody has made one
      case 'P':
        name += std::to_string(which.pid);
        has_pid = true;
        break;
      case 's':
        name += std::to_string(which.signal);
        break;
      case 'e':
        name += which.name;
        break;
      case 'u':
        name += std::to_string(::getuid());
        break;
      case 'g':
        name += std::to_string(::getgid());
        break;
      case 'h': {
        char host[256] = {};
        ::gethostname(host, sizeof host - 1);
        name += host;
        break;
      }
      default:
        return {};  // the time, the thread, the program's path
    }
  }
  if (uses_pid && !has_pid) name += '.' + std::to_string(which.pid);
  return which.directory / name;  // which an absolute name replaces
}

std::string core_file_of(const dumped_process& which) {
  const std::string pattern = first_line_of("/proc/sys/kernel/core_pattern");
  const bool uses_pid = first_line_of("/proc/sys/kernel/core_uses_pid") == "1";
  const std::filesystem::path path = core_path(pattern, uses_pid, which);
  std::error_code none;
  if (!path.empty() && std::filesystem::is_regular_file(path, none)) return path.string();
  if (pattern.starts_with('|')) return "given to the program " + pattern.substr(1);
  return "written as " + pattern + " says (core(5))";
}

}  // namespace glovebox::process
