// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <type_traits>

namespace glovebox {

namespace detail {

/// A text as a template argument.
template <std::size_t Size>
struct reason {
  constexpr reason(const char (&from)[Size]) {
    for (std::size_t i = 0; i != Size; ++i) text[i] = from[i];
  }
  char text[Size] = {};
};

}  // namespace detail

/// Never defined. Where values of a type T cannot travel, the compiler's first error is about this
/// class: unlike a static_assert's it names the type, and what to write.
template <class T, detail::reason What>
struct does_not_travel;

namespace detail {

template <class T, bool Travels>
struct travel_check : std::true_type {};
template <class T>
struct travel_check<T, false> {
  static constexpr bool value = false;
  static_assert(sizeof(does_not_travel<T,
                                       "describe the class with BOOST_DESCRIBE_STRUCT, specialise "
                                       "glovebox::codec for it, or pass a handle of an object">) !=
                0);
};

/// Whether values of T travel; a mistake, told once for each type, if they do not.
template <class T, bool Travels>
inline constexpr bool must_travel = travel_check<T, Travels>::value;

}  // namespace detail
}  // namespace glovebox
