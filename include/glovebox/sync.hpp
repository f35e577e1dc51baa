// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The same interface without coroutines: calls that wait. For interactive use, small programs and
/// plain tests.
/// \code
/// auto s = glovebox::sync(ctx);
/// int n = s.call<&f>(1, 2);
/// auto det = s.make<detector>("model.bin");
/// std::vector<box> boxes = det.call<&detector::detect>(image);
/// for (int each : s.call<&numbers>(10)) use(each);
/// \endcode
/// Calls return what the asynchronous ones complete with, and throw what those end with. They work
/// whether another thread runs the io_context or nobody does: then the thread that waits runs it,
/// with all handlers that are ready. A context that lives on a strand of an io_context counts as on
/// that; on any other execution context somebody else must run it. In a handler of the same
/// io_context nobody could ever complete the call: it is refused with `state_error`.
///
/// Handles may be used on any thread, as those they stand for: `async()` gives them.

#include <glovebox/context.hpp>
#include <glovebox/detail/blocking.hpp>
#include <glovebox/import.hpp>
#include <glovebox/item_range.hpp>
#include <glovebox/library.hpp>
#include <glovebox/proxy.hpp>
#include <glovebox/remote.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox {

class sync_context;
class sync_library;
class sync_proxy;
template <class T>
class sync_range;
template <class T>
class sync_remote;

namespace detail {

/// What they have in common.
template <class Facade, class Handle>
class sync_handle {
 public:
  using synchronous = Handle;

  sync_handle() = default;
  explicit sync_handle(Handle handle) : handle_(std::move(handle)) {}
  /// What it stands for.
  const Handle& async() const noexcept { return handle_; }
  /// The same, with other options for the calls made through the result.
  Facade with(call_options options) const { return Facade(handle_.with(options)); }

 protected:
  Handle handle_;
};

template <class T>
struct sync_form {
  using type = T;
};
template <>
struct sync_form<context> {
  using type = sync_context;
};
template <>
struct sync_form<library> {
  using type = sync_library;
};
template <>
struct sync_form<proxy> {
  using type = sync_proxy;
};
template <class T>
struct sync_form<item_range<T>> {
  using type = sync_range<T>;
};
template <class T>
struct sync_form<remote<T>> {
  using type = sync_remote<T>;
};

/// Handles as arguments.
template <class A>
decltype(auto) async_argument(A&& argument) {
  if constexpr (requires { typename std::remove_cvref_t<A>::synchronous; })
    return argument.async();
  else
    return std::forward<A>(argument);
}

/// Starts a call with the token that waits.
template <class Start>
auto waited(const Start& start) {
  using result = decltype(start(blocking_token{}));
  if constexpr (std::is_void_v<result>)
    start(blocking_token{});
  else
    return typename sync_form<result>::type(start(blocking_token{}));
}

}  // namespace detail

/// The items of something in a child: a plain input range.
template <class T>
class sync_range : public detail::sync_handle<sync_range<T>, item_range<T>> {
  using base = detail::sync_handle<sync_range<T>, item_range<T>>;

 public:
  using base::base;

  /// The next item, or nothing at the end.
  std::optional<T> next() const {
    std::optional<T> got;
    if (this->handle_.take(got)) return got;
    return this->handle_.next(detail::blocking_token{});
  }

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    explicit iterator(const sync_range& over) : over_(over), at_(over_.next()) {}
    T& operator*() const noexcept { return *at_; }
    iterator& operator++() {
      at_ = over_.next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
      return !at.at_.has_value();
    }

   private:
    sync_range over_;
    mutable std::optional<T> at_;
  };
  /// Takes the next item. Copies and iterators share the position.
  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }
};

/// An object of type T in a child: see `remote`.
template <class T>
class sync_remote : public detail::sync_handle<sync_remote<T>, remote<T>> {
  using base = detail::sync_handle<sync_remote<T>, remote<T>>;

 public:
  using base::base;

  template <auto F, class... A>
  GLOVEBOX_LOCAL auto call(A&&... arguments) const {
    return detail::waited([&](auto token) {
      return this->handle_.template call<F>(detail::async_argument(std::forward<A>(arguments))...,
                                            token);
    });
  }
  template <class L, class... A>
  requires detail::callable_class<L> GLOVEBOX_LOCAL auto call(L lambda, A&&... arguments) const {
    return detail::waited([&](auto token) {
      return this->handle_.call(lambda, detail::async_argument(std::forward<A>(arguments))...,
                                token);
    });
  }
  GLOVEBOX_LOCAL auto iterate() const {
    return detail::waited([&](auto token) { return this->handle_.iterate(token); });
  }
  GLOVEBOX_LOCAL auto by_value() const {
    return detail::waited([&](auto token) { return glovebox::by_value(this->handle_, token); });
  }

  explicit operator bool() const noexcept { return static_cast<bool>(this->handle_); }
  bool operator==(const sync_remote& other) const noexcept {
    return this->handle_ == other.handle_;
  }
};

/// Anything in a child, by names: see `proxy`.
class sync_proxy : public detail::sync_handle<sync_proxy, proxy> {
 public:
  using sync_handle::sync_handle;

  template <class R = value, class... A>
  auto call(std::string_view name, A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.template call<R>(name, detail::async_argument(std::forward<A>(arguments))...,
                                      token);
    });
  }
  template <class R = value, class... A>
  auto invoke(A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.template invoke<R>(detail::async_argument(std::forward<A>(arguments))...,
                                        token);
    });
  }

  template <class R = value>
  auto get(std::string_view name) const {
    return detail::waited([&](auto token) { return handle_.template get<R>(name, token); });
  }
  template <class V>
  void set(std::string_view name, V&& content) const {
    handle_.set(name, detail::async_argument(std::forward<V>(content)), detail::blocking_token{});
  }
  bool has(std::string_view name) const { return handle_.has(name, detail::blocking_token{}); }
  void del(std::string_view name) const { handle_.del(name, detail::blocking_token{}); }

  template <class R = value, class K>
  auto get_item(K&& key) const {
    return detail::waited([&](auto token) {
      return handle_.template get_item<R>(detail::async_argument(std::forward<K>(key)), token);
    });
  }
  template <class K, class V>
  void set_item(K&& key, V&& content) const {
    handle_.set_item(detail::async_argument(std::forward<K>(key)),
                     detail::async_argument(std::forward<V>(content)), detail::blocking_token{});
  }
  template <class K>
  void del_item(K&& key) const {
    handle_.del_item(detail::async_argument(std::forward<K>(key)), detail::blocking_token{});
  }
  std::uint64_t size() const { return handle_.size(detail::blocking_token{}); }
  template <class K>
  bool contains(K&& key) const {
    return handle_.contains(detail::async_argument(std::forward<K>(key)), detail::blocking_token{});
  }
  template <class T = value>
  sync_range<T> iterate() const {
    return sync_range<T>(handle_.template iterate<T>(detail::blocking_token{}));
  }

  std::string str() const { return handle_.str(detail::blocking_token{}); }
  std::string repr() const { return handle_.repr(detail::blocking_token{}); }
  template <class V>
  bool compare(std::string_view how, V&& other) const {
    return handle_.compare(how, detail::async_argument(std::forward<V>(other)),
                           detail::blocking_token{});
  }
  value hash() const { return handle_.hash(detail::blocking_token{}); }
  bool truth() const { return handle_.truth(detail::blocking_token{}); }
  std::vector<std::string> dir() const { return handle_.dir(detail::blocking_token{}); }
  std::string doc() const { return handle_.doc(detail::blocking_token{}); }
  std::string doc(std::string_view of_member) const {
    return handle_.doc(of_member, detail::blocking_token{});
  }
  std::vector<std::string> signature() const { return handle_.signature(detail::blocking_token{}); }
  std::vector<std::string> signature(std::string_view of_member) const {
    return handle_.signature(of_member, detail::blocking_token{});
  }
  std::string type_name() const { return handle_.type_name(detail::blocking_token{}); }
  bool is_instance(const sync_proxy& of_class) const {
    return handle_.is_instance(of_class.handle_, detail::blocking_token{});
  }
  bool is_same(const sync_proxy& other) const {
    return handle_.is_same(other.handle_, detail::blocking_token{});
  }
  template <class T = value>
  auto by_value() const {
    return detail::waited([&](auto token) { return handle_.template by_value<T>(token); });
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  bool operator==(const sync_proxy& other) const noexcept { return handle_ == other.handle_; }
};

/// A C library in a child: see `library`.
class sync_library : public detail::sync_handle<sync_library, library> {
 public:
  using sync_handle::sync_handle;

  template <class Signature, class... A>
  requires std::is_function_v<Signature> GLOVEBOX_LOCAL auto call(std::string_view symbol,
                                                                  A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.template call<Signature>(
          symbol, detail::async_argument(std::forward<A>(arguments))..., token);
    });
  }
};

/// A child: see `context`.
class sync_context : public detail::sync_handle<sync_context, context> {
 public:
  using sync_handle::sync_handle;

  template <auto F, class... A>
  GLOVEBOX_LOCAL auto call(A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.template call<F>(detail::async_argument(std::forward<A>(arguments))..., token);
    });
  }
  template <class L, class... A>
  requires detail::callable_class<L> GLOVEBOX_LOCAL auto call(L lambda, A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.call(lambda, detail::async_argument(std::forward<A>(arguments))..., token);
    });
  }
  template <class T, class... A>
  GLOVEBOX_LOCAL auto make(A&&... arguments) const {
    return detail::waited([&](auto token) {
      return handle_.template make<T>(detail::async_argument(std::forward<A>(arguments))..., token);
    });
  }
  sync_proxy load_module(const std::string& name) const {
    return sync_proxy(glovebox::load_module(handle_, name, detail::blocking_token{}));
  }
  sync_library load_library(std::string_view name) const {
    return sync_library(handle_.load_library(name, detail::blocking_token{}));
  }

  void start() const { handle_.start(detail::blocking_token{}); }
  void stop() const { handle_.stop(detail::blocking_token{}); }
  void jail(const jail_options& options) const { handle_.jail(options, detail::blocking_token{}); }
  void kill() const { handle_.kill(); }
  context_state state() const noexcept { return handle_.state(); }
  pid_t pid() const noexcept { return handle_.pid(); }
  std::optional<termination> ended() const { return handle_.ended(); }
  context_stats stats() const { return handle_.stats(); }
};

/// The blocking form of a handle: of a context, and of what its calls return.
template <class Handle>
requires(!std::is_same_v<typename detail::sync_form<Handle>::type, Handle>)  //
    [[nodiscard]] typename detail::sync_form<Handle>::type sync(const Handle& handle) {
  return typename detail::sync_form<Handle>::type(handle);
}

}  // namespace glovebox
