// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>
#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/config.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox::detail {

struct answer;
class callback_scope;
class target;

/// Parent: one callback of a child, which is to be answered once.
struct callback_ticket {
  std::shared_ptr<target> from;
  std::uint64_t number = 0;
  std::shared_ptr<callback_scope> scope;  // null: nobody waits for its end
};

/// Parent: what a callback ends with. `error` null: what was written.
struct callback_answer {
  bool json = false;
  std::exception_ptr error;
  byte_buffer body;
  std::vector<attachment> attachments;
};

/// Parent: a callable that runs for a child, once.
class GLOVEBOX_API callback_run : public std::enable_shared_from_this<callback_run> {
 public:
  callback_run(const callback_run&) = delete;
  callback_run& operator=(const callback_run&) = delete;
  virtual ~callback_run();

  /// Has it run on `where`, never inside this call, and answers the callback.
  void start(callback_ticket ticket, asio::any_io_executor where);
  /// What is still awaited is to be cancelled. On any thread.
  void cancel();

 protected:
  callback_run();
  /// Calls the function, and writes its result; or, if it is a coroutine, does so in `drive`.
  virtual void call(callback_answer& result) = 0;
  virtual bool coroutine() const noexcept = 0;
  virtual asio::awaitable<void> drive(callback_answer& result) = 0;
  const limits& bounds() const noexcept;

 private:
  struct state;
  void finish(std::exception_ptr error) noexcept;

  std::unique_ptr<state> state_;
};

/// Parent: what a child may call while a call runs, or until the child has let it go.
class GLOVEBOX_API callable {
 public:
  explicit callable(bool kept) noexcept : kept_(kept) {}
  callable(const callable&) = delete;
  callable& operator=(const callable&) = delete;
  virtual ~callable();
  /// Reads the arguments and starts a run. `self` owns this.
  /// \throws codec_error when the child sent what is no list of arguments at all
  virtual void start(const std::shared_ptr<callable>& self, const answer& arguments,
                     callback_ticket ticket) = 0;
  bool kept() const noexcept { return kept_; }

 private:
  bool kept_;
};

/// Answers a callback with an exception.
GLOVEBOX_API void fail_callback(const callback_ticket& ticket, std::exception_ptr why) noexcept;

template <class T>
struct awaited {
  static constexpr bool value = false;
  using result = T;
};
template <class T>
struct awaited<asio::awaitable<T>> {
  static constexpr bool value = true;
  using result = T;
};

/// A function of the user's. `Language` has `arguments`, what they are kept as while it runs,
/// `read` for them, `invoke` and `write`.
template <class F, class Language>
class user_callable final : public callable {
 public:
  user_callable(F function, bool kept) : callable(kept), function_(std::move(function)) {}

  void start(const std::shared_ptr<callable>& self, const answer& from,
             callback_ticket ticket) override;

 private:
  class run final : public callback_run {
    using returned = decltype(Language::invoke(std::declval<F&>(),
                                               std::declval<typename Language::arguments&>()));
    using result = typename awaited<returned>::result;

   public:
    run(std::shared_ptr<user_callable> of, typename Language::arguments&& with)
        : of_(std::move(of)), with_(std::move(with)) {}

   private:
    bool coroutine() const noexcept override { return awaited<returned>::value; }
    void call(callback_answer& to) override {
      if constexpr (awaited<returned>::value) {
      } else if constexpr (std::is_void_v<result>) {
        Language::invoke(of_->function_, with_);
        Language::write_nothing(to, bounds());
      } else {
        Language::write(to, bounds(), Language::invoke(of_->function_, with_));
      }
    }
    asio::awaitable<void> drive(callback_answer& to) override {
      if constexpr (!awaited<returned>::value) {
        static_cast<void>(to);
      } else if constexpr (std::is_void_v<result>) {
        co_await Language::invoke(of_->function_, with_);
        Language::write_nothing(to, bounds());
      } else {
        auto got = co_await Language::invoke(of_->function_, with_);
        Language::write(to, bounds(), std::move(got));
      }
      co_return;
    }

    std::shared_ptr<user_callable> of_;
    typename Language::arguments with_;
  };

  F function_;
};

}  // namespace glovebox::detail
