// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/exit_status.hpp"

#include "transport/socket.hpp"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace glovebox::process {
namespace {

// The kernel's struct pidfd_info in its first version, which the system's headers may be too old
// for. The ioctl's number holds the size, and newer kernels accept it.
struct pidfd_info {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t ids[11];  // pid, tgid, ppid, and the credentials
  std::int32_t exit_code;
};
static_assert(sizeof(pidfd_info) == 64);

constexpr auto get_info = _IOWR(0xFF, 11, pidfd_info);
constexpr std::uint64_t info_exit = 1u << 3;

// The kernel's flags of a task, PF_EXITING and PF_SIGNALED, in /proc/PID/stat.
constexpr unsigned long exiting = 0x4, killed_by_signal = 0x400;
constexpr int flags_field = 9;

std::chrono::microseconds to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

bool wait_for(idtype_t type, id_t id, siginfo_t& info, int options, rusage* usage) {
  info = {};
  while (::syscall(SYS_waitid, type, id, &info, options | WEXITED | __WALL, usage) != 0) {
    if (errno != EINTR) return false;
  }
  return info.si_pid != 0;
}

exit_status to_exit_status(const siginfo_t& info, const rusage& usage) {
  return {.code = info.si_code,
          .status = info.si_status,
          .usage = {.peak_memory = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024,
                    .user_time = to_duration(usage.ru_utime),
                    .system_time = to_duration(usage.ru_stime)}};
}

std::optional<exit_status> exit_from_pidfd(int pidfd) {
  pidfd_info info{};
  info.mask = info_exit;
  if (::ioctl(pidfd, get_info, &info) != 0 || (info.mask & info_exit) == 0) return std::nullopt;
  const int wait_status = info.exit_code;
  if (WIFEXITED(wait_status)) {
    return exit_status{.code = CLD_EXITED, .status = WEXITSTATUS(wait_status), .usage = {}};
  }
  if (WIFSIGNALED(wait_status)) {
    return exit_status{.code = WCOREDUMP(wait_status) ? CLD_DUMPED : CLD_KILLED,
                       .status = WTERMSIG(wait_status),
                       .usage = {}};
  }
  return std::nullopt;
}

bool has_ended(int pidfd) noexcept {
  return transport::poll_input(pidfd) != 0;
}

ending ending_in(std::string_view stat, std::string_view status) noexcept {
  if (status.find("\nCoreDumping:\t1") != status.npos) return ending::dumping_core;
  // The name before may hold anything.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == stat.npos) return ending::none;
  std::string_view rest = stat.substr(name_end + 1);
  for (int field = 2; field != flags_field; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == rest.npos) return ending::none;
    rest.remove_prefix(space + 1);
  }
  unsigned long flags = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), flags).ec != std::errc())
    return ending::none;
  return (flags & (exiting | killed_by_signal)) != 0 ? ending::leaving : ending::none;
}

ending ending_of(pid_t pid) {
  const auto contents = [directory = "/proc/" + std::to_string(pid)](const char* name) {
    std::ifstream file(directory + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return ending_in(contents("/stat"), contents("/status"));
}

void keep_off_this_processor(int pidfd, pid_t pid) noexcept {
  if (pid <= 0) return;  // 0 would be the calling thread
  const int here = ::sched_getcpu();
  cpu_set_t others;
  if (here < 0 || here >= CPU_SETSIZE || ::sched_getaffinity(pid, sizeof others, &others) != 0)
    return;
  CPU_CLR(static_cast<std::size_t>(here), &others);
  // Last, since the number is another process's once this one was reaped.
  if (CPU_COUNT(&others) != 0 && !has_ended(pidfd))
    ::sched_setaffinity(pid, sizeof others, &others);
}

void end_process(int pidfd, pid_t pid) noexcept {
  keep_off_this_processor(pidfd, pid);
  kill_process(pidfd, SIGKILL);
}

void doomed_process::end() noexcept {
  const transport::unique_fd channel = std::move(channel_);
  if (const transport::unique_fd pidfd = std::move(pidfd_)) end_process(pidfd.get(), pid_);
}

bool kill_process(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0u) == 0) return true;
  if (errno != ENOSYS) return false;
  // Valgrind 3.19 does not know the call. The number cannot be another process's before this one
  // was reaped, and then its line says -1.
  std::ifstream about("/proc/self/fdinfo/" + std::to_string(pidfd));
  for (std::string key; about >> key;)
    if (pid_t pid = 0; key == "Pid:") return about >> pid && pid > 0 && ::kill(pid, signal) == 0;
  return false;
}

}  // namespace glovebox::process
