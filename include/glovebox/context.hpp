// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/context_options.hpp>
#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/own_code.hpp>
#include <glovebox/jail.hpp>
#include <glovebox/library.hpp>
#include <glovebox/remote.hpp>
#include <glovebox/snapshot.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace glovebox {

/// One child process and the conversation with it.
///
/// The child starts with the constructor, which does not wait for it; calls may be made at once. A
/// context that terminated stays so, unless it goes back to a snapshot: its objects are gone, and
/// calls end with `state_error`. Copies share the child; it is killed when the last one is
/// destroyed, which never blocks. An idle context is no work for its execution context:
/// `io_context::run()` returns.
///
/// Thread safety: all members may be called on any thread at any time, also after the execution
/// context's end. Handlers are dispatched to their associated executor, by default the context's,
/// and never run inside the call that starts the operation.
///
/// Completion tokens: each operation takes an optional last argument, `use_awaitable` by default;
/// its signature is `void(std::exception_ptr)` or `void(std::exception_ptr, R)`, with
/// `std::optional<R>` where R cannot be default-constructed.
///
/// Cancellation: a call that was not sent is withdrawn by every level. One that was sent completes
/// at once with `asio::error::operation_aborted` on `terminal` and `partial`; it is skipped if the
/// child has not started it, otherwise its reply is dropped, and the child lives. `total` is not
/// supported for it: side effects cannot be ruled out.
class GLOVEBOX_API context : public detail::own_code<context> {
 public:
  /// A context that was never started; calls end with `state_error`.
  context() = default;
  /// Starts a child. Failures to do so end the calls, and `start()`, with `process_terminated`.
  // No default argument: on g++ 12 it would be destroyed twice in a `co_await` expression.
  explicit context(asio::any_io_executor executor);
  context(asio::any_io_executor executor, context_options options);
  /// The same, for anything that has `get_executor()`.
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&>
  explicit context(Context& io) : context(asio::any_io_executor(io.get_executor())) {}
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&> context(
      Context& io, context_options options)
      : context(asio::any_io_executor(io.get_executor()), std::move(options)) {}

  /// Constructs an object in the child. Arguments travel as in `call`; T need not be transferable.
  template <class T, class... A>
  [[nodiscard]] GLOVEBOX_LOCAL auto make(A&&... arguments) const {
    if constexpr (std::is_constructible_v<T, typename detail::generic_parameter<A>::type...>)
      return make_shaped<T, detail::type_list<A...>>(std::forward<A>(arguments)...);
    else
      return make_shaped<T, typename detail::split_last<detail::type_list<A...>>::before>(
          std::forward<A>(arguments)...);
  }

  /// Loads a C library in the child, whose functions can then be called by their signatures. The
  /// same library again is the same handle. Its initialisers run; if they crash, the child is gone.
  /// Ends with `std::runtime_error`, a `remote_exception`, that says why it could not be loaded.
  /// \param name as for dlopen(3): `libm.so.6` is searched for, what has a slash is a path
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto load_library(std::string_view name, Token&& token = {}) const {
    return detail::load_library(home_, options_, name, std::forward<Token>(token));
  }

  /// Completes when the child is ready, or with why it is not.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto start(Token&& token = {}) const {
    return wait(&detail::context_target::wait_ready, std::forward<Token>(token));
  }

  /// Lets the child finish the calls made so far, then ends it; after `stop_grace` it is killed.
  /// Completes when it is gone. Further calls end with `state_error`.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto stop(Token&& token = {}) const {
    return wait(&detail::context_target::stop, std::forward<Token>(token));
  }

  /// Puts the child into a jail for the rest of its life: see jail.hpp. A thread of this process
  /// (backend.hpp) refuses it.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto jail(const jail_options& options, Token&& token = {}) const {
    return detail::start<void>(detail::target_or_none(home_),
                               detail::jail_request(home_, options_, options),
                               std::forward<Token>(token));
  }

  /// Makes a copy of the child as it is when the calls made so far have run: see snapshot.hpp.
  /// Completes with a `glovebox::snapshot`; ends with a `std::runtime_error`, a `remote_exception`,
  /// that says why the child can't be copied, and the child goes on. The deadlines of `with` hold;
  /// it can't be cancelled.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto snapshot(Token&& token = {}) const {
    return asio::async_initiate<Token, void(std::exception_ptr, class glovebox::snapshot)>(
        detail::initiate_snapshot{detail::context_or_none(target_), options_}, token);
  }

  /// Goes back to a snapshot of this context, also after its child has ended: a copy of it becomes
  /// the child, and the one that is there is killed. Calls that it had not begun run in the new
  /// one; the one that it runs ends with `process_terminated`. Objects and kept callbacks from
  /// before the snapshot are what they were then; what came later is stale: calls on it end with a
  /// `std::logic_error`. Completes when the new child is ready. Not for a context that was stopped.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto roll_back(const class glovebox::snapshot& to, Token&& token = {}) const {
    return asio::async_initiate<Token, void(std::exception_ptr)>(
        detail::initiate_roll_back{detail::context_or_none(target_), to.home()}, token);
  }

  /// Kills the child; its calls end with `process_terminated`. Does not wait. A thread of this
  /// process (backend.hpp) is only asked to end: a call that returns within 100 ms has its result.
  void kill() const;

  /// The same child, with other options for the calls made through the result.
  context with(call_options options) const {
    context copy(*this);
    copy.options_ = options;
    return copy;
  }

  context_state state() const noexcept;
  /// The child's process id, this process's own if it is a thread; 0 before it has started.
  pid_t pid() const noexcept;
  /// Why the child was started in another way than `context_options` says; empty: it was not, or
  /// has not started yet.
  std::string start_note() const;
  /// How the child ended, once it has.
  std::optional<termination> ended() const;
  context_stats stats() const;
  asio::any_io_executor get_executor() const;

  // ---- for the library
  /// A handle that owns the child.
  static context owning(std::shared_ptr<detail::context_target> of);
  /// A handle that does not own the child.
  explicit context(std::shared_ptr<detail::context_target> of)
      : target_(std::move(of)), home_(target_) {}
  const std::shared_ptr<detail::target>& home() const noexcept { return home_; }
  const call_options& options() const noexcept { return options_; }

 private:
  struct owner;  // closes the context when its last copy goes

  template <class T, class Types, class... A>
  GLOVEBOX_LOCAL auto make_shaped(A&&... arguments) const;

  template <class Token>
  auto wait(void (detail::context_target::*what)(detail::operation&), Token&& token) const {
    return asio::async_initiate<Token, void(std::exception_ptr)>(
        detail::initiate_wait{detail::context_or_none(target_), what}, token);
  }

  std::shared_ptr<owner> owner_;
  std::shared_ptr<detail::context_target> target_;
  std::shared_ptr<detail::target> home_;
  call_options options_;
};

template <class T, class Types, class... A>
GLOVEBOX_LOCAL auto context::make_shaped(A&&... arguments) const {
  return detail::call_shape<detail::constructor_target<T>,
                            typename detail::constructor_shape<T, Types>::type>(
      home_, options_, std::forward<A>(arguments)...);
}

}  // namespace glovebox
