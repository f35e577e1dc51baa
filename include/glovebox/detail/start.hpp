// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/operation.hpp>

#include <future>
#include <optional>
#include <type_traits>
#include <utility>

namespace glovebox::detail {

template <class Token>
struct is_use_awaitable : std::false_type {};
template <class E>
struct is_use_awaitable<asio::use_awaitable_t<E>> : std::true_type {
  using executor = E;
};
template <class Token>
struct is_use_future : std::false_type {};
template <class A>
struct is_use_future<asio::use_future_t<A>> : std::true_type {};

/// The token of glovebox::sync: the call waits, and returns its result.
struct blocking_token {};

template <class R>
struct call_signature {
  using type = void(std::exception_ptr, R);
};
template <>
struct call_signature<void> {
  using type = void(std::exception_ptr);
};

/// A result that can be made up when there is none, to accompany an error.
template <class R>
inline constexpr bool has_empty_state = std::is_void_v<R> || std::is_default_constructible_v<R>;

template <class R, class Reader, class E>
asio::awaitable<R, E> unwrap(std::shared_ptr<target> on, request what) {
  using delivered = std::optional<R>;
  // Outside of the co_await expression: there, g++ 12 destroys an aggregate twice.
  const initiate_call<R, delivered, Reader> initiate{std::move(on)};
  auto waiting =
      asio::async_initiate<const asio::use_awaitable_t<E>, void(std::exception_ptr, delivered)>(
          initiate, asio::use_awaitable_t<E>{}, std::move(what));
  delivered result = co_await std::move(waiting);
  co_return std::move(*result);
}

/// Wherever a call ends, its promise can be kept: a future is ready even when the context's
/// executor is gone.
struct promise_handler_base {
  using executor_type = asio::system_executor;
  executor_type get_executor() const noexcept { return {}; }
};

template <class R>
struct promise_handler : promise_handler_base {
  explicit promise_handler(std::promise<R> made) : promise(std::move(made)) {}
  std::promise<R> promise;
  void operator()(std::exception_ptr error, std::optional<R> result) {
    if (error)
      promise.set_exception(std::move(error));
    else
      promise.set_value(std::move(*result));
  }
};
template <>
struct promise_handler<void> : promise_handler_base {
  explicit promise_handler(std::promise<void> made) : promise(std::move(made)) {}
  std::promise<void> promise;
  void operator()(std::exception_ptr error) {
    if (error)
      promise.set_exception(std::move(error));
    else
      promise.set_value();
  }
};

/// Starts a call the way its completion token says.
template <class R, class Reader = result_reader<R>, class Token>
auto start(std::shared_ptr<target> on, request&& what, Token&& token) {
  using token_type = std::remove_cvref_t<Token>;
  if constexpr (is_use_future<token_type>::value) {
    // What Asio makes of this token takes a compiler twice as long as all the rest of a call.
    std::promise<R> promise(std::allocator_arg, token.get_allocator());
    auto future = promise.get_future();
    using delivered = std::conditional_t<std::is_void_v<R>, void, std::optional<R>>;
    const initiate_call<R, delivered, Reader> initiate{std::move(on)};
    initiate(promise_handler<R>(std::move(promise)), std::move(what));
    return future;
  } else if constexpr (has_empty_state<R>) {
    return asio::async_initiate<Token, typename call_signature<R>::type>(
        initiate_call<R, R, Reader>{std::move(on)}, token, std::move(what));
  } else if constexpr (is_use_awaitable<token_type>::value) {
    return unwrap<R, Reader, typename is_use_awaitable<token_type>::executor>(std::move(on),
                                                                              std::move(what));
  } else if constexpr (std::is_same_v<token_type, blocking_token>) {
    using delivered = std::optional<R>;
    delivered result = asio::async_initiate<Token, typename call_signature<delivered>::type>(
        initiate_call<R, delivered, Reader>{std::move(on)}, token, std::move(what));
    return R(std::move(*result));
  } else {
    using delivered = std::optional<R>;
    return asio::async_initiate<Token, typename call_signature<delivered>::type>(
        initiate_call<R, delivered, Reader>{std::move(on)}, token, std::move(what));
  }
}

}  // namespace glovebox::detail
