// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/copy.hpp"

#include "core/sanitizer.hpp"
#include "process/signals.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace glovebox::process {
namespace {

[[noreturn]] void cannot_copy(int error, const char* step) {
  throw std::system_error(error, std::generic_category(), step);
}

bool take(const copy_belongings& own, int channel, recorder_page& page) noexcept {
  return ::dup3(own.channel, channel, O_CLOEXEC) >= 0 && replace(page, own.recorder) &&
         (own.standard_output < 0 || ::dup2(own.standard_output, STDOUT_FILENO) >= 0) &&
         (own.standard_error < 0 || ::dup2(own.standard_error, STDERR_FILENO) >= 0);
}

// As the thread of ThreadSanitizer does, which a copy needs not.
bool blocks_all_signals(const std::filesystem::path& status) {
  constexpr auto bit = [](int signal) { return std::uint64_t{1} << (signal - 1); };
  constexpr std::uint64_t never_blocked = bit(SIGKILL) | bit(SIGSTOP) | bit(SIGSYS);
  constexpr std::uint64_t all = bit(SIGSYS + 1) - 1;
  std::ifstream about(status);
  for (std::string line; std::getline(about, line);)
    if (line.starts_with("SigBlk:"))
      return ((std::stoull(line.substr(7), nullptr, 16) | never_blocked) & all) == all;
  return false;
}

}  // namespace

// The C library's fork cannot make siblings. What it does besides, for a process with one thread,
// is to have the kernel write the new thread's number where the library keeps it, and to register
// the list of robust mutexes again.
//
// Whatever ends this process ends its process group, and must not end the copy: so the copy begins
// in the group of the parent, which nobody ends.
pid_t copy_process(pid_t parent) {
  int* own_number = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &own_number, 0, 0, 0) != 0 || !own_number)
    cannot_copy(errno, "prctl(PR_GET_TID_ADDRESS)");
  void* robust_list = nullptr;
  std::size_t robust_size = 0;
  const bool robust = ::syscall(SYS_get_robust_list, 0, &robust_list, &robust_size) == 0;

  const pid_t own_group = ::getpgrp();
  if (::setpgid(0, parent) != 0) cannot_copy(errno, "setpgid");
  clone_args how{};
  // The signal at its end is that of the original's.
  how.flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  how.child_tid = reinterpret_cast<std::uintptr_t>(own_number);
  const all_signals_blocked blocked;
  const long pid = ::syscall(SYS_clone3, &how, sizeof how);
  const int error = errno;
  if (pid == 0) {
    ::setpgid(0, 0);
    if (robust) ::syscall(SYS_set_robust_list, robust_list, robust_size);
  } else {
    ::setpgid(0, own_group);
  }
  if (pid < 0) cannot_copy(error, "clone3");
  return static_cast<pid_t>(pid);
}

bool settle_copy(const copy_belongings& own, pid_t server, int channel,
                 recorder_page& page) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) return false;  // it died before the signal was armed
  ::prctl(PR_SET_PTRACER, server);
  const std::int32_t error = take(own, channel, page) ? 0 : errno;
  const auto say = [&error](int to) {
    return ::send(to, &error, sizeof error, MSG_NOSIGNAL) == sizeof error;
  };
  return say(own.channel) && say(own.registration) && error == 0;
}

std::optional<std::vector<std::string>> other_threads() {
  // Fails if there are any, and does nothing else: /proc takes ten times as long. Where it is not
  // allowed, as in some containers, it fails as well.
  if (::unshare(CLONE_THREAD) == 0) return std::vector<std::string>();
  std::error_code failed;
  const std::filesystem::directory_iterator tasks("/proc/self/task", failed);
  if (failed) return std::nullopt;
  const std::string own = std::to_string(::syscall(SYS_gettid));
  std::vector<std::string> names;
  for (const auto& each : tasks) {
    if (each.path().filename() == own) continue;
    if (core::thread_sanitizer && blocks_all_signals(each.path() / "status")) continue;
    std::string& name = names.emplace_back();
    std::ifstream file(each.path() / "comm");
    std::getline(file, name);
  }
  return names;
}

}  // namespace glovebox::process
