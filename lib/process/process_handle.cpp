// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/process_handle.hpp"

#include "process/proc_stat.hpp"
#include "transport/socket.hpp"

#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <exception>
#include <fstream>
#include <string>

namespace glovebox::process {
namespace {

constexpr auto pidfs_magic = 0x50494446;  // linux/magic.h, since 6.9
constexpr int start_time_field = 22;      // of /proc/PID/stat

// What the kernel says of a descriptor of this process: the number of the process in this PID
// namespace; -1 when it was reaped, 0 when it has none here.
pid_t number_of(int pidfd) {
  std::ifstream about("/proc/self/fdinfo/" + std::to_string(pidfd));
  for (std::string key; about >> key;)
    if (pid_t pid = 0; key == "Pid:") return about >> pid ? pid : 0;
  return 0;
}

}  // namespace

// Pidfds of one process have the same inode, and those of different ones have different inodes.
std::optional<std::uint64_t> unique_number(pid_t, int pidfd) noexcept {
  struct stat about;
  if (::fstat(pidfd, &about) != 0) return std::nullopt;
  return about.st_ino;
}

std::optional<std::uint64_t> start_time(pid_t pid, int pidfd) noexcept {
  try {
    const auto started = stat_field(contents_of_stat(pid), start_time_field);
    // Last, since till then the number was that of the process, and so were the contents.
    if (number_of(pidfd) != pid) return std::nullopt;
    return started;
  } catch (const std::exception&) {
    errno = ENOMEM;
    return std::nullopt;
  }
}

identify best_identification(int pidfd) noexcept {
  static const bool numbered = [pidfd] {
    struct statfs about;
    return ::fstatfs(pidfd, &about) == 0 && about.f_type == pidfs_magic;
  }();
  return numbered ? &unique_number : &start_time;
}

process_handle::process_handle(pid_t pid, transport::unique_fd pidfd) noexcept
    : process_handle(pid, std::move(pidfd), nullptr) {}

process_handle::process_handle(pid_t pid, transport::unique_fd pidfd, identify how) noexcept
    : pid_(pid), kept_(std::move(pidfd)), how_(how) {
  if (!kept_) return;
  if (!how_) how_ = best_identification(kept_.get());
  const auto identity = how_(pid_, kept_.get());
  if (!identity) return;
  identity_ = *identity;
  // Found again once, it will be found again. Not where the number is of another PID namespace,
  // without /proc, or where the call is not allowed.
  if (open_again()) kept_.reset();
}

transport::unique_fd process_handle::open_again() const noexcept {
  transport::unique_fd found(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0u)));
  if (found) {
    errno = ESRCH;  // of a process that is another one
    const auto identity = how_(pid_, found.get());
    if (identity == identity_) return found;
  }
  const int error = errno;
  found.reset();
  // Whatever else it is, the number is not of that process any more: it may be a thread's.
  errno = error == EMFILE || error == ENFILE || error == ENOMEM ? error : ESRCH;
  return found;
}

process_handle::opened process_handle::open() const noexcept {
  return kept_ ? opened(kept_.get()) : opened(open_again());
}

void process_handle::keep_open() noexcept {
  if (!kept_) kept_ = open_again();
}

bool process_handle::has_ended() const noexcept {
  const opened process = open();
  return process ? process::has_ended(process.get()) : errno == ESRCH;
}

void process_handle::keep_off_this_processor() const noexcept {
  if (const opened process = open()) process::keep_off_this_processor(process.get(), pid_);
}

bool process_handle::end() const noexcept {
  const opened process = open();
  if (!process) return false;
  process::keep_off_this_processor(process.get(), pid_);
  return kill_process(process.get(), SIGKILL);
}

void doomed_process::end() noexcept {
  const transport::unique_fd channel = std::move(channel_);
  if (const process_handle process = std::move(process_)) process.end();
}

bool has_ended(int pidfd) noexcept {
  return transport::poll_input(pidfd) != 0;
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

bool kill_process(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0u) == 0) return true;
  if (errno != ENOSYS) return false;
  // Valgrind 3.19 does not know the call. The number cannot be another process's before this one
  // was reaped, and then there is none.
  const pid_t pid = number_of(pidfd);
  return pid > 0 && ::kill(pid, signal) == 0;
}

}  // namespace glovebox::process
