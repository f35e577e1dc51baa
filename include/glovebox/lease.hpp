// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/context.hpp>
#include <glovebox/detail/pool_target.hpp>

#include <cstdint>
#include <memory>

namespace glovebox {

/// One of a pool's children, for several calls of one owner: `pool::lease()`.
///
/// Nobody else's calls go to the child meanwhile. It comes back when the lease is destroyed: what
/// its calls have left behind is nobody's business, so it is killed and replaced, unless it was
/// `give_back()`. When the pool itself is destroyed the child is killed.
///
/// Movable. Not safe for use from several threads at once; its child is.
class GLOVEBOX_API lease {
 public:
  /// Of no child: calls end with `state_error`.
  lease() = default;
  lease(lease&&) noexcept = default;
  lease& operator=(lease&& other) noexcept;
  ~lease();

  /// The child, to make calls on. Copies of it do not prolong the lease.
  const context& child() const noexcept { return child_; }
  /// Returns the child as good as new: other calls may be given to it.
  void give_back() noexcept;

  // ---- for the library
  lease(std::shared_ptr<detail::pool_target> of, std::uint64_t ticket);

 private:
  void end(bool clean) noexcept;

  std::shared_ptr<detail::pool_target> pool_;
  std::uint64_t ticket_ = 0;
  context child_;
};

namespace detail {

/// What a pool answers a lease with: itself, and the ticket for the child.
struct lease_reader {
  GLOVEBOX_API static lease read(const answer& from);
};

struct initiate_lease {
  std::shared_ptr<pool_target> on;
  call_options options;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler) const {
    request what;
    what.options = options;
    on->lease(make_operation<lease, lease, lease_reader>(*on, std::forward<Handler>(handler),
                                                         std::move(what)));
  }
};

}  // namespace detail

}  // namespace glovebox
