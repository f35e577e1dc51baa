// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <utility>

namespace glovebox::detail {

template <std::size_t I, class T>
struct held_value {
  T value;
};

template <class Indices, class... T>
struct held_values_at;
template <std::size_t... I, class... T>
struct held_values_at<std::index_sequence<I...>, T...> : held_value<I, T>... {};

/// Values side by side, each made where it stays and in their order: `held_values<A, B>{{a()},
/// {b()}}`. An aggregate, where a std::tuple is a dozen functions for each of its elements: every
/// function called or registered has one of these, and a compiler's time goes by functions.
template <class... T>
using held_values = held_values_at<std::index_sequence_for<T...>, T...>;

template <std::size_t I, class T>
T& held(held_value<I, T>& among) noexcept {
  return among.value;
}

}  // namespace glovebox::detail
