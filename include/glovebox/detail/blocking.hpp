// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/share.hpp>
#include <glovebox/detail/start.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace glovebox::detail {

/// One operation that a thread waits for.
class GLOVEBOX_API blocked_call {
 public:
  /// \param on what it will be submitted to
  /// \throws state_error when this thread runs a handler of the execution context that would have
  /// to complete the operation
  explicit blocked_call(const target& on);
  blocked_call(const blocked_call&) = delete;
  blocked_call& operator=(const blocked_call&) = delete;
  virtual ~blocked_call();

  /// Returns when there is an outcome. Runs the io_context itself while nobody else does.
  /// \throws what the operation ended with; state_error when its execution context was shut down
  void wait();
  /// On any thread.
  void complete(std::exception_ptr error) noexcept;
  void abandon() noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

template <class R>
struct blocked_result final : blocked_call {
  using blocked_call::blocked_call;
  std::optional<R> result;
};

/// The handler of a blocking call. When it is destroyed without having run, nobody will run it. It
/// only wakes a thread, so it needs no executor of its own, which may have ended.
class GLOVEBOX_API any_blocking_handler {
 public:
  using executor_type = asio::system_executor;
  executor_type get_executor() const noexcept { return {}; }

  explicit any_blocking_handler(std::shared_ptr<blocked_call> to) noexcept : to_(std::move(to)) {}
  any_blocking_handler(any_blocking_handler&&) noexcept = default;
  ~any_blocking_handler() {
    if (to_) to_->abandon();
  }

 protected:
  std::shared_ptr<blocked_call> to_;
};

template <class R>
struct blocking_handler : any_blocking_handler {
  using any_blocking_handler::any_blocking_handler;

  template <class... Result>
  void operator()(std::exception_ptr error, Result&&... result) {
    const std::shared_ptr<blocked_call> to = std::move(to_);
    if constexpr (!std::is_void_v<R>)
      static_cast<blocked_result<R>&>(*to).result.emplace(std::forward<Result>(result)...);
    to->complete(std::move(error));
  }
};

template <class R, class Initiation, class... A>
R block_on(Initiation&& initiation, A&&... arguments) {
  using result = std::conditional_t<std::is_void_v<R>, blocked_call, blocked_result<R>>;
  // Shared with the handler: what another handler throws may end the wait before its call has
  // ended.
  const auto waiting = share<blocked_call>(new result(*initiation.on));
  std::forward<Initiation>(initiation)(blocking_handler<R>(waiting), std::forward<A>(arguments)...);
  waiting->wait();
  if constexpr (!std::is_void_v<R>) return std::move(*static_cast<result&>(*waiting).result);
}

}  // namespace glovebox::detail

template <class R>
class glovebox::asio::async_result<glovebox::detail::blocking_token, void(std::exception_ptr, R)> {
 public:
  using return_type = R;
  template <class Initiation, class Token, class... A>
  static R initiate(Initiation&& initiation, Token&&, A&&... arguments) {
    return glovebox::detail::block_on<R>(std::forward<Initiation>(initiation),
                                         std::forward<A>(arguments)...);
  }
};
template <>
class glovebox::asio::async_result<glovebox::detail::blocking_token, void(std::exception_ptr)> {
 public:
  using return_type = void;
  template <class Initiation, class Token, class... A>
  static void initiate(Initiation&& initiation, Token&&, A&&... arguments) {
    glovebox::detail::block_on<void>(std::forward<Initiation>(initiation),
                                     std::forward<A>(arguments)...);
  }
};
