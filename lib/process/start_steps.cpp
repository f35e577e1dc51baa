// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/start_steps.hpp"

#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace glovebox::process {
namespace {

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// stdin is /dev/null since the launch of the fork server.
bool arrange_stdio(const start_request& request, std::span<const int> descriptors) {
  std::size_t next = 2;
  if (request.has_stdout && ::dup2(descriptors[next++], STDOUT_FILENO) < 0) return false;
  return !request.has_stderr || ::dup2(descriptors[next], STDERR_FILENO) >= 0;
}

bool limit_core_dumps(bool wanted) {
  rlimit limit{};
  if (wanted) {
    if (::getrlimit(RLIMIT_CORE, &limit) != 0) return false;
    limit.rlim_cur = limit.rlim_max;
  }
  return ::setrlimit(RLIMIT_CORE, &limit) == 0;
}

// The address space mapped now [bytes]; 0 with errno set when the kernel does not say.
std::uint64_t mapped_bytes() {
  const transport::unique_fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!file) return 0;
  char text[64];
  const ssize_t length = ::read(file.get(), text, sizeof text);
  if (length <= 0) return 0;
  std::uint64_t pages = 0;
  if (std::from_chars(text, text + length, pages).ec != std::errc()) pages = 0;
  if (pages == 0) errno = EIO;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

// The kernel sends SIGXCPU at the soft limit and every second from then on, SIGKILL at the hard
// one.
bool limit_cpu(std::uint64_t seconds) noexcept {
  if (seconds == 0) return true;
  constexpr std::uint64_t to_end_by_itself = 5;
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0) return false;
  limit.rlim_cur = std::min<rlim_t>(seconds, limit.rlim_max);
  if (seconds < RLIM_INFINITY - to_end_by_itself)
    limit.rlim_max = std::min<rlim_t>(seconds + to_end_by_itself, limit.rlim_max);
  return ::setrlimit(RLIMIT_CPU, &limit) == 0;
}

bool limit_memory(std::uint64_t bytes) noexcept {
  if (bytes == 0) return true;
  const std::uint64_t mapped = mapped_bytes();
  if (mapped == 0) return false;
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0) return false;
  // Whoever limits the fork server harder has the last word. RLIM_INFINITY is the largest number.
  const std::uint64_t sum = bytes > RLIM_INFINITY - mapped ? RLIM_INFINITY : mapped + bytes;
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(sum, limit.rlim_max);
  return ::setrlimit(RLIMIT_AS, &limit) == 0;
}

start_stage take_first_steps(const start_request& request, std::span<const int> descriptors,
                             pid_t server) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) {  // it died before the signal was armed
    errno = ESRCH;
    return start_stage::parent;
  }
  ::setpgid(0, 0);
  unblock_signals();
  if (!arrange_stdio(request, descriptors)) return start_stage::stdio;
  if (!request.directory.empty() && ::chdir(request.directory.c_str()) != 0)
    return start_stage::directory;
  if (!limit_core_dumps(request.core_dumps)) return start_stage::core_limit;
  if (!limit_cpu(request.cpu_limit)) return start_stage::cpu_limit;
  return start_stage::none;
}

bool hand_over(std::span<int> descriptors) noexcept {
  // First out of the way of each other's numbers.
  const int above_fixed = first_handed_over + static_cast<int>(descriptors.size());
  for (int& each : descriptors) {
    const int copy = ::fcntl(each, F_DUPFD_CLOEXEC, above_fixed);
    if (copy < 0) return false;
    each = copy;
  }
  int next = first_handed_over;
  for (const int each : descriptors)
    if (::dup2(each, next++) < 0) return false;
  // Modules preloaded into the fork server may have opened things without close-on-exec. Kernels
  // that cannot do this in one go leave those open: untidy, not wrong.
  ::close_range(static_cast<unsigned>(above_fixed), ~0u, CLOSE_RANGE_CLOEXEC);
  return true;
}

}  // namespace glovebox::process
