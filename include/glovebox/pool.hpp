// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/own_code.hpp>
#include <glovebox/detail/pool_target.hpp>
#include <glovebox/lease.hpp>
#include <glovebox/pool_options.hpp>
#include <glovebox/remote.hpp>

#include <memory>
#include <utility>

namespace glovebox {

/// Interchangeable children. A call goes to the child with the least to do; a child that dies is
/// replaced, its queued calls are sent to another one, and only the call that killed it fails.
///
/// Objects live in one child, so they cannot be arguments of a pool's calls. A result that stays
/// in its child comes back as a `remote<T>` of that child.
///
/// Copies share the children; they are killed when the last copy is destroyed, and calls still
/// waiting end with `process_terminated`. Thread safety, completion tokens and cancellation are
/// those of `context`; a call that waits for a child is withdrawn by every level of cancellation.
class GLOVEBOX_API pool : public detail::own_code<pool> {
 public:
  /// Empty; calls end with `state_error`.
  pool() = default;
  /// Starts the children without waiting for them.
  pool(asio::any_io_executor executor, pool_options options);
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&> pool(Context& io,
                                                                          pool_options options)
      : pool(asio::any_io_executor(io.get_executor()), std::move(options)) {}

  /// The same children, with other options for the calls made through the result.
  pool with(call_options options) const {
    pool copy(*this);
    copy.options_ = options;
    return copy;
  }

  /// A child for several calls of one owner, as soon as one has nothing to do; waits in the queue
  /// like a call, with the same limits. Completes with a `glovebox::lease`.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto lease(Token&& token = {}) const {
    return asio::async_initiate<Token, void(std::exception_ptr, glovebox::lease)>(
        detail::initiate_lease{detail::pool_or_none(target_), options_}, token);
  }

  /// Takes no further calls, and lets those made so far, and leases, end, for as long as
  /// `pool_options::drain_timeout`. Completes when they have; the children are killed then.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto stop(Token&& token = {}) const {
    return asio::async_initiate<Token, void(std::exception_ptr)>(
        detail::initiate_pool_stop{detail::pool_or_none(target_)}, token);
  }

  pool_stats stats() const;
  asio::any_io_executor get_executor() const;

  // ---- for the library
  const std::shared_ptr<detail::target>& home() const noexcept { return home_; }
  const call_options& options() const noexcept { return options_; }

 private:
  struct owner;

  std::shared_ptr<owner> owner_;
  std::shared_ptr<detail::pool_target> target_;
  std::shared_ptr<detail::target> home_;
  call_options options_;
};

}  // namespace glovebox
