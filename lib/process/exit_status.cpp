// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/exit_status.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cerrno>
#include <chrono>
#include <cstdint>

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

}  // namespace glovebox::process
