// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Comparisons that a class has, found by concepts.

#include <glovebox/binding/class_info.hpp>
#include <glovebox/binding/parameters.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

// Containers promise what their elements do not keep: == of a vector exists for every element.
template <class T>
struct parts {
  using type = detail::type_list<>;
};
template <class T>
requires requires {
  typename T::value_type;
} &&(!std::is_same_v<typename T::value_type, T>)struct parts<T> {
  using type = detail::type_list<typename T::value_type>;
};
template <class A, class B>
struct parts<std::pair<A, B>> {
  using type = detail::type_list<A, B>;
};
template <class... A>
struct parts<std::tuple<A...>> {
  using type = detail::type_list<A...>;
};

/// Whether the class has it, and its elements, and theirs. What is nested deeper than anybody needs
/// may consist of itself; it is believed.
template <template <class> class Has, class T, int Depth = 8>
constexpr bool deeply() {
  if constexpr (!Has<T>::value)
    return false;
  else if constexpr (Depth == 0)
    return true;
  else
    return []<class... Part>(detail::type_list<Part...>) {
      return (deeply<Has, std::remove_cv_t<Part>, Depth - 1>() && ...);
    }(typename parts<T>::type{});
}

template <class T>
concept truthful = requires(T&& value) {
  static_cast<bool>(std::forward<T>(value));
};

#define GLOVEBOX_HAS_OPERATOR(name, symbol)                              \
  template <class T>                                                     \
  struct name {                                                          \
    static constexpr bool value = requires(const T& a, const T& b) {     \
      { a symbol b } -> truthful;                                        \
    };                                                                   \
    static bool run(const T& a, const T& b) { return bool(a symbol b); } \
  }
GLOVEBOX_HAS_OPERATOR(has_equal, ==);
GLOVEBOX_HAS_OPERATOR(has_not_equal, !=);
GLOVEBOX_HAS_OPERATOR(has_less, <);
GLOVEBOX_HAS_OPERATOR(has_less_equal, <=);
GLOVEBOX_HAS_OPERATOR(has_greater, >);
GLOVEBOX_HAS_OPERATOR(has_greater_equal, >=);
#undef GLOVEBOX_HAS_OPERATOR

template <template <class> class Operator, class T>
void compare(call_state& call, void* object) {
  using other = taken<const T&>;
  auto held = other::read(call.positional(0));
  call.arguments_read();
  call.out.boolean(Operator<T>::run(*static_cast<const T*>(object), other::pass(held)));
}

template <template <class> class Operator, class T>
constexpr class_info::native comparison() {
  if constexpr (deeply<Operator, T>())
    return &compare<Operator, T>;
  else
    return nullptr;
}

}  // namespace glovebox::binding
