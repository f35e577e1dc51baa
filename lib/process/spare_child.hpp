// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"
#include "process/messages.hpp"
#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <optional>
#include <span>
#include <utility>

namespace glovebox::process {

/// A child that the fork server has forked before anybody wanted one: whoever does need not wait
/// for fork(2). It has done nothing but wait for its start request, and ends with its owner.
/// Movable.
class spare_child {
 public:
  spare_child() = default;
  spare_child(spare_child&&) noexcept = default;
  spare_child& operator=(spare_child&&) noexcept = default;

  /// In the server. \returns empty: there could be none; in the child: this is it, so that it
  /// leaves what is the server's, and calls `live`
  static std::optional<spare_child> fork() noexcept;

  bool is_this_process() const noexcept { return pid_ == 0; }
  pid_t pid() const noexcept { return pid_; }

  /// Hands it what it is to do; its end is its owner's no more. False: it is of no use.
  bool start(const start_request& request, std::span<const transport::unique_fd> descriptors);
  transport::unique_fd take_pidfd() noexcept { return std::move(pidfd_); }

  /// In the child.
  [[noreturn]] void live(pid_t server, child_main_function child_main,
                         const server_options& self) noexcept;

 private:
  pid_t pid_ = -1;
  transport::unique_fd pidfd_;
  transport::unique_fd channel_;
};

}  // namespace glovebox::process
