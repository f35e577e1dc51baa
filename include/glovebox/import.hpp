// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>
#include <glovebox/context.hpp>
#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/proxy.hpp>

#include GLOVEBOX_ASIO_HEADER(this_coro.hpp)

#include <string>
#include <utility>

namespace glovebox {

/// Imports a module (GLOVEBOX_MODULE) in a child: one that is linked into the child's program, or
/// the shared object `NAME.so` or `libNAME.so` of `context_options::module_path`. A module is
/// loaded once in a child; importing it again gives the same proxy.
///
/// Errors, all thrown in the child, which lives on: no such module (with the places that were
/// searched), no module at all, built against another ABI, refused by the dynamic linker, its
/// initialiser threw. One that crashes ends the call with `process_terminated`; for one that may
/// hang, give a deadline: `load_module(ctx.with({.timeout = 5s}), "vision")`.
template <class... Token>
[[nodiscard]] auto load_module(const context& ctx, const std::string& name, Token&&... token) {
  return detail::operate<proxy>(
      detail::operation_target{op::import_module, ctx.home(), 0, {}, ctx.options()}, name,
      std::forward<Token>(token)...);
}

/// The context that `import_isolated` uses: one for each execution context, made when it is first
/// asked for and again when its child has ended. Thread-safe.
GLOVEBOX_API context default_context(const asio::any_io_executor& executor);

/// Imports a module in the default context of the execution context that the coroutine runs on.
inline asio::awaitable<proxy> import_isolated(std::string name) {
  const context home = default_context(co_await asio::this_coro::executor);
  co_return co_await load_module(home, name);
}
/// The same outside of a coroutine, with any completion token.
template <class Token>
[[nodiscard]] auto import_isolated(const asio::any_io_executor& executor, const std::string& name,
                                   Token&& token) {
  return load_module(default_context(executor), name, std::forward<Token>(token));
}

}  // namespace glovebox
