// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <utility>

namespace glovebox::process {

/// What tells a process from a later one with the same number. Nothing where it cannot be told.
/// \param pid of the process, in this one's PID namespace
/// \param pidfd the same
using identify = std::optional<std::uint64_t> (*)(pid_t pid, int pidfd);
/// The kernel's number of the process, never given again (6.9 or newer).
std::optional<std::uint64_t> unique_number(pid_t pid, int pidfd) noexcept;
/// When it started, in 10 ms: numbers do not come round within that. Needs /proc.
std::optional<std::uint64_t> start_time(pid_t pid, int pidfd) noexcept;
/// The first of both that is known here.
identify best_identification(int pidfd) noexcept;

/// A process that others reap. Takes no descriptor where one can be had at any time which is
/// certain to be of that process, and not of one that was given its number later.
///
/// Thread safety: none while one thread changes it; const members may be called on any thread.
class process_handle {
 public:
  /// A pidfd, open as long as this lives, or as its process_handle does.
  class opened {
   public:
    opened() = default;
    explicit opened(transport::unique_fd own) noexcept
        : own_(std::move(own)), number_(own_.get()) {}
    explicit opened(int borrowed) noexcept : number_(borrowed) {}
    explicit operator bool() const noexcept { return number_ >= 0; }
    int get() const noexcept { return number_; }

   private:
    transport::unique_fd own_;
    int number_ = -1;
  };

  process_handle() = default;
  /// \param pid its number, perhaps in another PID namespace
  process_handle(pid_t pid, transport::unique_fd pidfd) noexcept;
  process_handle(pid_t pid, transport::unique_fd pidfd, identify how) noexcept;
  process_handle(process_handle&& other) noexcept { *this = std::move(other); }
  process_handle& operator=(process_handle&& other) noexcept {
    pid_ = std::exchange(other.pid_, 0);
    kept_ = std::move(other.kept_);
    how_ = other.how_;
    identity_ = other.identity_;
    return *this;
  }

  explicit operator bool() const noexcept { return pid_ != 0; }
  pid_t pid() const noexcept { return pid_; }
  /// Whether it takes a descriptor all the time.
  bool keeps_descriptor() const noexcept { return static_cast<bool>(kept_); }

  /// \returns none, and `errno` says why: ESRCH when the process is gone, EMFILE or the like when
  /// there are no descriptors left
  opened open() const noexcept;
  /// Takes a descriptor from now on, through which the kernel also tells of the end of a process
  /// that was reaped.
  void keep_open() noexcept;

  /// Whether it has ended, be it reaped or not, as far as can be known.
  bool has_ended() const noexcept;
  /// Before it ends: see process::keep_off_this_processor.
  void keep_off_this_processor() const noexcept;
  /// Kills it, off this processor. \returns and sets `errno` as process::kill_process
  bool end() const noexcept;

 private:
  transport::unique_fd open_again() const noexcept;

  pid_t pid_ = 0;
  transport::unique_fd kept_;
  identify how_ = nullptr;
  std::uint64_t identity_ = 0;
};

/// A process that is ended when its owner lets go of it.
class doomed_process {
 public:
  doomed_process() = default;
  explicit doomed_process(process_handle which) noexcept : process_(std::move(which)) {}
  doomed_process(doomed_process&&) noexcept = default;
  doomed_process& operator=(doomed_process&& other) noexcept {
    std::swap(process_, other.process_);
    std::swap(channel_, other.channel_);
    other.end();
    return *this;
  }
  ~doomed_process() { end(); }
  explicit operator bool() const noexcept { return static_cast<bool>(process_); }
  /// Stays open until then: it would end by itself.
  void keep(transport::unique_fd channel) noexcept { channel_ = std::move(channel); }
  void end() noexcept;

 private:
  process_handle process_;
  transport::unique_fd channel_;
};

/// Whether the process has ended, be it reaped or not.
bool has_ended(int pidfd) noexcept;

/// For a process that is about to end: the kernel takes it apart on the processor on which it wakes
/// up for that, often the one that it is woken from, which can do nothing else for a millisecond.
/// Without effect when there is no other processor for it.
void keep_off_this_processor(int pidfd, pid_t pid) noexcept;

/// False when the process is gone; `errno` says what else it may be.
bool kill_process(int pidfd, int signal);

}  // namespace glovebox::process
