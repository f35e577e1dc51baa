// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/object_reference.hpp>
#include <glovebox/detail/own_code.hpp>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace glovebox {

/// A handle of an object of type T that lives in a child. Copies share it; when the last one is
/// gone, the child destroys the object if nothing there owns it.
///
/// `T` may be const (the object can only be read), and incomplete (an opaque pointer of a C
/// library). Handles may be used and destroyed on any thread, also after the context's end and the
/// execution context's; calls then end with `state_error`.
template <class T>
class remote : public detail::own_code<remote<T>> {
  using base = detail::own_code<remote<T>>;

 public:
  /// Empty; calls on it end with `state_error`.
  remote() = default;
  /// A handle that can only read.
  template <class U>
  requires std::is_same_v<const U, T> &&(!std::is_const_v<U>)remote(const remote<U>& other)
      : object_(other.object_), options_(other.options_) {}

  /// `det.call<&detector::detect>(image)`: a member function, a data member, or a function or
  /// captureless lambda whose first parameter is the object. An optional last argument is the
  /// completion token.
  template <auto F, class... A>
  [[nodiscard]] GLOVEBOX_LOCAL auto call(A&&... arguments) const {
    return base::template call<F>(*this, std::forward<A>(arguments)...);
  }
  /// `det.call([](detector& d, int n) { ... }, 5)`
  template <class L, class... A>
  requires detail::callable_class<L>
  [[nodiscard]] GLOVEBOX_LOCAL auto call(L lambda, A&&... arguments) const {
    return base::call(lambda, *this, std::forward<A>(arguments)...);
  }

  /// The items of a range, one after another, each by value: see `item_range`. The object is kept
  /// alive meanwhile; it must not be changed in a way that invalidates its iterators.
  /// Optional: a completion token.
  template <class... Token>
  [[nodiscard]] GLOVEBOX_LOCAL auto iterate(Token&&... token) const {
    static_assert(detail::has_items_to_give<T>,
                  "glovebox: objects of this class cannot be iterated: it is no range (begin and "
                  "end of an input iterator), or only when it is not const");
    if constexpr (detail::has_items_to_give<T>) {
      static_assert(detail::has_items_that_travel<T>,
                    "glovebox: the items of this range do not travel by value. Describe their "
                    "class with BOOST_DESCRIBE_STRUCT, specialise glovebox::codec<T>, or call a "
                    "lambda that returns what is needed of each");
      if constexpr (detail::has_items_that_travel<T>)
        return call<&detail::items_of<T>>(std::forward<Token>(token)...);
    }
  }

  /// The same object, with other options for the calls made through the result.
  remote with(call_options options) const {
    remote copy(*this);
    copy.options_ = options;
    return copy;
  }

  /// Whether there is an object at all.
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Whether both are the same object of the same child.
  bool operator==(const remote& other) const noexcept {
    return home() == other.home() && handle() == other.handle();
  }

  // ---- for the library
  const std::shared_ptr<detail::target>& home() const noexcept {
    static const std::shared_ptr<detail::target> none;
    return object_ ? object_->home : none;
  }
  std::uint64_t handle() const noexcept { return object_ ? object_->handle : 0; }
  std::shared_ptr<const void> keep_alive() const noexcept { return object_; }
  const call_options& options() const noexcept { return options_; }
  const std::shared_ptr<const detail::object_reference>& reference() const noexcept {
    return object_;
  }
  static remote adopt(std::shared_ptr<const detail::object_reference> object) {
    remote made;
    made.object_ = std::move(object);
    return made;
  }
  static remote adopt(std::shared_ptr<detail::target> home, std::uint64_t handle) {
    if (handle == 0) return {};
    return adopt(std::make_shared<const detail::object_reference>(std::move(home), handle));
  }

 private:
  template <class U>
  friend class remote;

  std::shared_ptr<const detail::object_reference> object_;
  call_options options_;
};

namespace detail {

template <class T>
struct result_reader<remote<T>> {
  static remote<T> read(const answer& from) {
    decoder(from.body, from.attachments, from.limits).finish();
    return remote<T>::adopt(from.from, from.object);
  }
};

template <class T>
const T& copy_of(const T& object) {
  return object;
}

}  // namespace detail

/// A copy of a remote object, independent of it afterwards. T must be transferable.
/// Ends with what copying throws in the child, or with the errors of every call.
template <class T, class... Token>
[[nodiscard]] GLOVEBOX_LOCAL auto by_value(const remote<T>& object, Token&&... token) {
  using copied = std::remove_cv_t<T>;
  if constexpr (detail::must_travel<copied, transferable<copied>>)
    return object.template call<&detail::copy_of<copied>>(std::forward<Token>(token)...);
}

}  // namespace glovebox
