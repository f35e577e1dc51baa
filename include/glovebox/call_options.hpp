// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <type_traits>

namespace glovebox {

/// How one call is made; given with `with()`, as in `det.with({.timeout = 200ms})`.
/// Trivially copyable, so that it may be written in braces inside a `co_await` expression.
struct call_options {
  /// Deadline, counted from the initiation of the call; it covers waiting in queues. 0: none.
  /// A call that has not started by then is withdrawn and the child is left alone. One that runs
  /// has `grace` to end by itself, then its child is killed. Both end with `call_timeout`, which
  /// says whether the child survived.
  std::chrono::nanoseconds timeout{};
  /// The same, counted from the moment the child starts to run the function; waiting is free. 0:
  /// none.
  std::chrono::nanoseconds run_timeout{};
  /// How long a call that overran its deadline may take to end by itself before its child is
  /// killed.
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);
};
static_assert(std::is_trivially_copyable_v<call_options>);

}  // namespace glovebox
