// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <glovebox/termination.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace glovebox::process {

/// How a process ended, in the words of waitid.
struct exit_status {
  int code = 0;    ///< CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status = 0;  ///< exit code, or the number of the signal
  resource_usage usage;
};

/// waitid(2) as the kernel has it: the library's keeps the resource usage to itself.
/// \returns false when there is no such child, or with WNOHANG none of that kind
bool wait_for(idtype_t type, id_t id, siginfo_t& info, int options, rusage* usage = nullptr);
exit_status to_exit_status(const siginfo_t& info, const rusage& usage);

/// Asks the kernel itself (6.15 or newer), so that it works when the fork server is dead. Nothing
/// while the process lives *or is not yet reaped*, and on older kernels. `usage` stays empty.
std::optional<exit_status> exit_from_pidfd(int pidfd);

/// Whether the process has ended, be it reaped or not.
bool has_ended(int pidfd) noexcept;

/// What the kernel has begun to do with a process that has not ended yet.
enum class ending : std::uint8_t {
  none,          ///< it runs, or nothing is known of it
  leaving,       ///< it runs no code of its own any more
  dumping_core,  ///< the same, which may take long
};
/// In the contents of /proc/PID/stat and /proc/PID/status, see proc_pid_stat(5).
ending ending_in(std::string_view stat, std::string_view status) noexcept;
/// Nothing is known where there is no /proc, or none for other users' processes.
ending ending_of(pid_t pid);

/// For a process that is about to end: the kernel takes it apart on the processor on which it wakes
/// up for that, often the one that it is woken from, which can do nothing else for a millisecond.
/// Without effect when there is no other processor for it.
void keep_off_this_processor(int pidfd, pid_t pid) noexcept;

/// Kills it, off this processor.
void end_process(int pidfd, pid_t pid) noexcept;

/// A process that is ended when its owner lets go of it.
class doomed_process {
 public:
  doomed_process() = default;
  doomed_process(transport::unique_fd pidfd, pid_t pid) noexcept
      : pidfd_(std::move(pidfd)), pid_(pid) {}
  doomed_process(doomed_process&&) noexcept = default;
  doomed_process& operator=(doomed_process&& other) noexcept {
    std::swap(pidfd_, other.pidfd_);
    std::swap(channel_, other.channel_);
    std::swap(pid_, other.pid_);
    other.end();
    return *this;
  }
  ~doomed_process() { end(); }
  explicit operator bool() const noexcept { return static_cast<bool>(pidfd_); }
  /// Stays open until then: it would end by itself.
  void keep(transport::unique_fd channel) noexcept { channel_ = std::move(channel); }
  void end() noexcept;

 private:
  transport::unique_fd pidfd_;
  transport::unique_fd channel_;
  pid_t pid_ = 0;
};

/// False when the process is gone; `errno` says what else it may be.
bool kill_process(int pidfd, int signal);

}  // namespace glovebox::process
