// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/operation.hpp>
#include <glovebox/pool_options.hpp>

#include <memory>

namespace glovebox::detail {

/// What a pool's implementation can do beyond taking calls.
class GLOVEBOX_API pool_target : public target {
 public:
  /// Ends the operation with an answer that has this target and a ticket (`object`).
  virtual void lease(operation& op) = 0;
  /// The child of a ticket; null: it is gone.
  virtual std::shared_ptr<context_target> leased(std::uint64_t ticket) = 0;
  /// \param clean whether the child may go on with others' calls
  virtual void end_lease(std::uint64_t ticket, bool clean) noexcept = 0;
  virtual void stop(operation& op) = 0;
  /// The last handle is gone: ends the children without waiting.
  virtual void close() noexcept = 0;
  virtual pool_stats stats() const = 0;
};

/// The target itself, or, for an empty handle, one that answers everything with a state_error.
GLOVEBOX_API std::shared_ptr<pool_target> pool_or_none(const std::shared_ptr<pool_target>& on);

struct initiate_pool_stop {
  std::shared_ptr<pool_target> on;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler) const {
    on->stop(make_waiter(*on, std::forward<Handler>(handler)));
  }
};

}  // namespace glovebox::detail
