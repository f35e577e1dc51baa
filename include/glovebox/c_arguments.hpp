// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Arguments of C functions that are more than a value: memory that the function writes to, handles
/// that it hands out through a pointer, functions that it calls back. What comes back of them is in
/// the call's result, a tuple: `[result, contents...]`, in the order of the parameters.
///
/// The memory is the child's and ends with the call. A function that keeps a pointer to it (as
/// setvbuf(3) does) needs an object that lives in the child instead: `context::make`, or what its
/// library allocates.

#include <cstddef>
#include <type_traits>
#include <utility>

namespace glovebox {

/// What `in_out` gives. Refers to an lvalue, which must stay until the call was made; owns others.
template <class C>
class in_out_argument {
 public:
  using content = std::remove_cvref_t<C>;
  explicit constexpr in_out_argument(C&& value) : value_(std::forward<C>(value)) {}
  constexpr const content& get() const noexcept { return value_; }
  /// The content, as an rvalue if it is the wrapper's own.
  constexpr C&& take() noexcept { return static_cast<C&&>(value_); }

 private:
  C value_;
};

/// For `T*` and `void*`: the function reads and writes the elements, which come back as a container
/// of the same type (views come back as vectors). A single value works as well, and comes back as
/// one. For `T**`: a `remote<T>` that the function may replace; an empty one is a null pointer.
/// \code
/// using qsort_type = void(void*, size_t, size_t, int (*)(const void*, const void*));
/// auto [sorted] = co_await libc.call<qsort_type>("qsort", glovebox::in_out(numbers),
///                                                numbers.size(), sizeof(int), compare);
/// \endcode
template <class C>
constexpr auto in_out(C&& value) {
  return in_out_argument<C>(std::forward<C>(value));
}

/// What `out` gives.
template <class T, bool Single>
class out_argument {
 public:
  explicit constexpr out_argument(std::size_t count) noexcept : count_(count) {}
  constexpr std::size_t count() const noexcept { return count_; }

 private:
  std::size_t count_;
};

/// For `T*`: the address of one T, which begins as `T{}`. Comes back as a T.
template <class T>
constexpr auto out() noexcept {
  return out_argument<T, true>(1);
}
/// For `T*` and `void*`: `count` elements, which begin as `T{}`. All of them come back, as a
/// `std::vector<T>`, however many the function filled.
template <class T>
constexpr auto out(std::size_t count) noexcept {
  return out_argument<T, false>(count);
}

/// What `out_text` gives.
class out_text_argument {
 public:
  explicit constexpr out_text_argument(std::size_t size) noexcept : size_(size) {}
  constexpr std::size_t size() const noexcept { return size_; }

 private:
  std::size_t size_;
};

/// For `char*`: room for a text that the function writes, with the NUL at its end. Comes back as a
/// `std::string` without it.
/// \param size of the room, which begins as zeros [bytes]
constexpr auto out_text(std::size_t size) noexcept {
  return out_text_argument(size);
}

/// What `out_handle` gives.
template <class T>
struct out_handle_argument {};

/// For `T**` and `void**`: the address of a null pointer. What the function stores there comes back
/// as a `remote<T>`, empty if that is nothing.
template <class T>
constexpr auto out_handle() noexcept {
  return out_handle_argument<T>();
}

/// What `out_offset` gives.
struct out_offset_argument {};

/// For `T**` through which the function tells a place in one of its other arguments, as strtol(3)
/// does: comes back as the place's distance from the beginning of that argument [elements of T], a
/// `std::optional<std::size_t>`, empty when the function stored something else. (As a handle it
/// would outlive the memory it points to.)
constexpr auto out_offset() noexcept {
  return out_offset_argument();
}

/// What `c_function` is.
template <auto F>
struct c_function_argument {
  constexpr operator auto() const noexcept { return F; }
};

/// For a parameter that is a function pointer: a function of the program, which runs in the child.
/// Its address would mean nothing there.
template <auto F>
inline constexpr c_function_argument<F> c_function{};

/// In the place of a C function's result type R: the call also returns `errno` as the function left
/// it (0 if it did not touch it), as an `int` behind the result.
/// \code
/// auto [result, error] =
///     co_await libc.call<glovebox::with_errno<int>(const char*)>("chdir", "/nowhere");
/// \endcode
template <class R>
struct with_errno;  // never defined: it only marks a signature

}  // namespace glovebox
