// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>

namespace glovebox {

/// What becomes of a call in the child when its caller cancels it after it was sent.
enum class on_abandon : std::uint8_t {
  ignore,  ///< it runs, now or when its turn comes, and its reply is dropped
  stop,    ///< it is not started; if it runs, its std::stop_token is told, and its reply is dropped
  kill,    ///< it is not started; if it runs, the child is killed, and with it all of its calls
};

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
  /// killed. Its std::stop_token, if it takes one, is told at the beginning.
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);
  glovebox::on_abandon on_abandon = glovebox::on_abandon::stop;
  /// The call changes nothing in the child, so there is nothing to lose when the context goes back
  /// to a snapshot from before it. Const member functions and data members, and what only looks at
  /// an object of a module, need not say so.
  bool pure = false;
};
static_assert(std::is_trivially_copyable_v<call_options>);

}  // namespace glovebox
