// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace glovebox {

/// A coroutine that makes items one after another, each when it is asked for:
/// \code
/// glovebox::generator<int> numbers(int n) {
///   for (int i = 0; i != n; ++i) co_yield i;
/// }
/// \endcode
/// A function in a child that returns one gives the parent an `item_range`; where it runs, it is an
/// input range. Items are moved out of it. What its body throws leaves the iteration, which has
/// then ended. It may be destroyed half-way: the body's variables are, at its `co_yield`.
///
/// Not thread-safe.
template <class T>
class [[nodiscard]] generator {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                "glovebox: a generator makes values; T is neither const nor a reference");

 public:
  class promise_type {
   public:
    generator get_return_object() noexcept {
      return generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    // Kept here, not in an awaiter: g++ 12 would destroy that twice.
    std::suspend_always yield_value(T&& item) {
      item_.emplace(std::move(item));
      return {};
    }
    std::suspend_always yield_value(const T& item) requires std::copy_constructible<T> {
      item_.emplace(item);
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    void await_transform() = delete;  // nobody would resume it

   private:
    friend class generator;
    std::optional<T> item_;
    std::exception_ptr error_;
    bool running_ = false;
  };

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;
    T&& operator*() const noexcept { return std::move(*of_.promise().item_); }
    iterator& operator++() {
      advance(of_);
      return *this;
    }
    void operator++(int) { advance(of_); }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
      return !at.of_ || at.of_.done();
    }

   private:
    friend class generator;
    explicit iterator(std::coroutine_handle<promise_type> of) noexcept : of_(of) {}
    std::coroutine_handle<promise_type> of_;
  };

  /// Ended.
  generator() = default;
  generator(generator&& other) noexcept
      : body_(std::exchange(other.body_, nullptr)), started_(other.started_) {}
  generator& operator=(generator&& other) noexcept {
    generator old(std::move(*this));
    body_ = std::exchange(other.body_, nullptr);
    started_ = other.started_;
    return *this;
  }
  ~generator() {
    if (body_) body_.destroy();
  }

  /// Where the generator is; the first time, runs it to its first item. Its iterators do not
  /// outlive it.
  iterator begin() {
    if (body_ && !std::exchange(started_, true)) advance(body_);
    return iterator(body_);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  explicit generator(std::coroutine_handle<promise_type> body) noexcept : body_(body) {}

  static void advance(std::coroutine_handle<promise_type> body) {
    promise_type& here = body.promise();
    if (here.running_) throw std::logic_error("the generator is making an item already");
    if (body.done()) return;
    here.item_.reset();
    here.running_ = true;
    body.resume();
    here.running_ = false;
    if (here.error_) std::rethrow_exception(std::exchange(here.error_, nullptr));
  }

  std::coroutine_handle<promise_type> body_;
  bool started_ = false;
};

}  // namespace glovebox
