// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/proc_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace glovebox::backtrace {
namespace {

int open_proc(const std::string& path, int flags) {
  return static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_RDONLY | O_CLOEXEC));
}

pid_t number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  pid_t found = 0;
  std::from_chars(text.data(), text.data() + text.size(), found);
  return found;
}

// The rest of the line that begins with `key`; empty without one. The first line is the name, which
// the thread chooses; the kernel writes no line break of it as one.
std::string_view field(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const std::string_view line = status.substr(0, status.find('\n'));
    if (line.starts_with(key)) return line.substr(key.size());
    status.remove_prefix(std::min(line.size() + 1, status.size()));
  }
  return {};
}

// What it waits for, as far as we may know.
std::string waits_for(const std::string& task) {
  const std::string function = read_proc(task + "wchan", 200);
  if (!function.empty() && function != "0") return " in " + function;
  // `202 0x... ...`, or `running`, or `-1 ...` when it is in no system call
  const std::string call = read_proc(task + "syscall", 200);
  if (call.empty() || call[0] < '0' || call[0] > '9') return "";
  return " in system call " + call.substr(0, call.find_first_of(" \n"));
}

std::string state_text(char letter, const std::string& task) {
  switch (letter) {
    case 'S':
      return "sleeping" + waits_for(task);
    case 'D':
      return "uninterruptible" + waits_for(task);
    case 'T':
      return "stopped";
    case 't':
      return "stopped by a debugger";
    case 'Z':
    case 'X':
      return "ended";
    case 'I':
      return "idle";
    default:
      return "";
  }
}

}  // namespace

std::string read_proc(const std::string& path, std::size_t most) {
  std::string text;
  const int file = open_proc(path, 0);
  if (file < 0) return text;
  constexpr std::size_t step = 16 * 1024;
  while (text.size() < most) {
    const std::size_t have = text.size();
    text.resize(have + std::min(step, most - have));
    ssize_t got;
    do got = ::read(file, text.data() + have, text.size() - have);
    while (got < 0 && errno == EINTR);
    text.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  ::close(file);
  return text;
}

std::vector<pid_t> thread_numbers(pid_t pid, std::size_t most) {
  std::vector<pid_t> found;
  const int folder = open_proc("/proc/" + std::to_string(pid) + "/task", O_DIRECTORY);
  if (folder < 0) return found;
  DIR* const listing = ::fdopendir(folder);
  if (!listing) {
    ::close(folder);
    return found;
  }
  while (const dirent* const entry = ::readdir(listing)) {
    const pid_t tid = number(entry->d_name);
    if (tid <= 0) continue;
    if (tid == pid)
      found.insert(found.begin(), tid);
    else
      found.push_back(tid);
    if (found.size() == most) break;
  }
  ::closedir(listing);
  return found;
}

thread_status read_status(pid_t pid, pid_t tid) {
  thread_status found;
  const std::string task = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/";
  const std::string status = read_proc(task + "status", 16 * 1024);
  std::string_view name = field(status, "Name:");
  name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
  found.name = name;
  std::string_view state = field(status, "State:");
  state.remove_prefix(std::min(state.find_first_not_of(" \t"), state.size()));
  if (!state.empty()) found.letter = state[0];
  found.text = state_text(found.letter, task);
  found.tracer = number(field(status, "TracerPid:"));
  const std::string_view numbers = field(status, "NSpid:");
  found.inner_tid = number(numbers.substr(numbers.find_last_of(" \t") + 1));
  return found;
}

}  // namespace glovebox::backtrace
