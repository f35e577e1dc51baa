// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>

#include GLOVEBOX_ASIO_HEADER(co_spawn.hpp)
#include GLOVEBOX_ASIO_HEADER(error.hpp)
// The formatter would put spaces around this slash.
// clang-format off
#include GLOVEBOX_ASIO_HEADER(experimental/parallel_group.hpp)
// clang-format on
#include GLOVEBOX_ASIO_HEADER(steady_timer.hpp)
#include GLOVEBOX_ASIO_HEADER(this_coro.hpp)

#include <array>
#include <chrono>
#include <exception>
#include <utility>

/// \file
/// A time limit for several operations together. One call has its own: `with({.timeout = ...})`,
/// which says more of what became of it. Not part of glovebox.hpp, as it takes long to compile.

namespace glovebox {

/// Runs a coroutine that has so much time. When that is over it is cancelled (`terminal`), and this
/// waits until it has come to its end, which a call does at once.
///
/// Unlike Asio's `work || timer.async_wait(...)`, which waits for the first *success*, it ends with
/// what the coroutine threw, if it did so first.
///
/// \param limit from now on
/// \throws asio_system_error with `asio::error::timed_out`
/// Cancellation is passed on to the coroutine.
template <class T, class E>
asio::awaitable<T, E> with_timeout(std::chrono::nanoseconds limit, asio::awaitable<T, E> work) {
  const E executor = co_await asio::this_coro::executor;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, E>
      timer(executor);
  timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit));
  auto both = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, std::move(work), deferred), timer.async_wait(deferred));
  const auto end = [](const std::array<std::size_t, 2>& order, const std::exception_ptr& error) {
    if (!error) return;
    if (order[0] == 1) {
      try {
        std::rethrow_exception(error);
      } catch (const asio_system_error& why) {
        if (why.code() == asio::error::operation_aborted)
          throw asio_system_error(asio::error::timed_out, "glovebox::with_timeout");
        throw;
      }
    }
    std::rethrow_exception(error);
  };
  auto waiting = both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable_t<E>());
  if constexpr (std::is_void_v<T>) {
    const auto result = co_await std::move(waiting);
    end(std::get<0>(result), std::get<1>(result));
  } else {
    auto result = co_await std::move(waiting);
    end(std::get<0>(result), std::get<1>(result));
    co_return std::move(std::get<2>(result));
  }
}

}  // namespace glovebox
