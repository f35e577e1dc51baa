// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/start.hpp>

#include <exception>
#include <memory>
#include <optional>
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
struct blocked_result {
  explicit blocked_result(const target& on) : call(on) {}
  blocked_call call;
  std::optional<R> result;
};
template <>
struct blocked_result<void> {
  explicit blocked_result(const target& on) : call(on) {}
  blocked_call call;
};

/// The handler of a blocking call. When it is destroyed without having run, nobody will run it. It
/// only wakes a thread, so it needs no executor of its own, which may have ended.
template <class R>
class blocking_handler {
 public:
  using executor_type = asio::system_executor;
  executor_type get_executor() const noexcept { return {}; }

  explicit blocking_handler(std::shared_ptr<blocked_result<R>> to) : to_(std::move(to)) {}
  blocking_handler(blocking_handler&&) noexcept = default;
  ~blocking_handler() {
    if (to_) to_->call.abandon();
  }

  template <class... Result>
  void operator()(std::exception_ptr error, Result&&... result) {
    const std::shared_ptr<blocked_result<R>> to = std::move(to_);
    if constexpr (!std::is_void_v<R>) to->result.emplace(std::forward<Result>(result)...);
    to->call.complete(std::move(error));
  }

 private:
  std::shared_ptr<blocked_result<R>> to_;
};

template <class R, class Initiation, class... A>
R block_on(Initiation&& initiation, A&&... arguments) {
  const auto waiting = std::make_shared<blocked_result<R>>(*initiation.on);
  std::forward<Initiation>(initiation)(blocking_handler<R>(waiting), std::forward<A>(arguments)...);
  waiting->call.wait();
  if constexpr (!std::is_void_v<R>) return std::move(*waiting->result);
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
