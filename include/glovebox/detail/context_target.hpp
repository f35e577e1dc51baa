// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/context_state.hpp>
#include <glovebox/detail/operation.hpp>
#include <glovebox/termination.hpp>

#include <sys/types.h>
#include <memory>
#include <optional>
#include <string>

namespace glovebox::detail {

/// What a context's implementation can do beyond taking calls.
class GLOVEBOX_API context_target : public target {
 public:
  /// Completes the operation when the child is ready, or with why it is not.
  virtual void wait_ready(operation& op) = 0;
  virtual void stop(operation& op) = 0;
  virtual void kill() noexcept = 0;
  /// The last handle is gone: ends the child without waiting.
  virtual void close() noexcept = 0;
  virtual context_state state() const noexcept = 0;
  virtual pid_t pid() const noexcept = 0;
  virtual std::string start_note() const = 0;
  virtual std::optional<termination> ended() const = 0;
  virtual context_stats stats() const = 0;
  /// Completes the operation with a copy of the child that sleeps.
  virtual void snapshot(operation& op) = 0;
  /// Goes on from a copy that sleeps; completes the operation when that is ready.
  virtual void roll_back(operation& op, const std::shared_ptr<context_target>& to) = 0;
  /// Of a copy that sleeps: a further context that goes on from there.
  virtual std::shared_ptr<context_target> revive() = 0;
};

/// The target itself, or, for an empty handle, one that answers everything with a state_error.
GLOVEBOX_API std::shared_ptr<context_target> context_or_none(
    const std::shared_ptr<context_target>& on);

struct initiate_wait {
  std::shared_ptr<context_target> on;
  void (context_target::*what)(operation&);

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler) const {
    ((*on).*what)(make_waiter(*on, std::forward<Handler>(handler)));
  }
};

}  // namespace glovebox::detail
