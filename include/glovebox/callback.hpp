// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <type_traits>
#include <utility>

namespace glovebox {

namespace detail {

/// A callable as an argument, and how long it may be called.
template <class F>
struct callback_argument {
  F function;
  bool kept;
};

}  // namespace detail

/// A callable as an argument: while the call runs, the child may call it, as often as it likes and
/// from within nested calls; it runs here, on its associated executor, by default the context's. It
/// may be a coroutine that returns `asio::awaitable<R>`, and may call the same child: such calls
/// run in the child while it waits. What it throws is thrown in the child.
///
/// The call ends for its caller only when no callback of it runs any more, so a callable may refer
/// to what lives as long as the call. When the call is cancelled or its child ends, coroutines that
/// still run are cancelled, and waited for. After the call, the child's copies throw
/// `std::runtime_error`.
///
/// Where the function's signature is known, as in `ctx.call<&f>(lambda)` for a parameter of type
/// `std::function<R(A...)>`, callables need not be wrapped. In dynamic calls they must be:
/// `p.call("apply", callback([](int n) { return n + 1; }), 5)`.
template <class F>
detail::callback_argument<std::decay_t<F>> callback(F&& function) {
  return {std::forward<F>(function), false};
}

/// The same, but the child may keep the callable and call it in later calls, until it has destroyed
/// its last copy; the callable is destroyed then, or with the context. It must not refer to what
/// may be gone by then.
template <class F>
detail::callback_argument<std::decay_t<F>> kept(F&& function) {
  return {std::forward<F>(function), true};
}

}  // namespace glovebox
