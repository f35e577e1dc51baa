// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <algorithm>
#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cfloat>
#include <chrono>
#include <complex>
#include <cstring>
#include <filesystem>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace glovebox::test {

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <class... P, template <class...> class Template>
inline constexpr bool is_a<Template<P...>, Template> = true;

template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};
template <class T>
concept hashed = requires {
  typename T::hasher;
};
template <class T>
concept range = requires(const T& of) {
  of.begin();
  of.end();
};

/// Equal bit by bit, where == is too generous (-0.0) or too strict (NaN). Padding does not count.
/// Hashed containers have no order to compare, so theirs is ==.
template <class T>
bool identical(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, long double>) {
    constexpr std::size_t significant = LDBL_MANT_DIG == 64 ? 10 : sizeof(long double);
    return std::memcmp(&a, &b, significant) == 0;
  } else if constexpr (std::is_scalar_v<T>) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  } else if constexpr (std::is_array_v<T>) {
    return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b),
                      [](const auto& x, const auto& y) { return identical(x, y); });
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return a.native() == b.native();
  } else if constexpr (range<T> && !hashed<T>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return identical(x, y); });
  } else if constexpr (is_a<T, std::optional>) {
    return a.has_value() == b.has_value() && (!a || identical(*a, *b));
  } else if constexpr (is_a<T, std::variant>) {
    return a.index() == b.index() && std::visit(
                                         [&]<class X, class Y>(const X& x, const Y& y) {
                                           if constexpr (std::is_same_v<X, Y>)
                                             return identical(x, y);
                                           return false;
                                         },
                                         a, b);
  } else if constexpr (tuple_like<T>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (identical(std::get<I>(a), std::get<I>(b)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (is_a<T, std::complex>) {
    return identical(a.real(), b.real()) && identical(a.imag(), b.imag());
  } else if constexpr (requires { a.time_since_epoch(); }) {
    return identical(a.time_since_epoch(), b.time_since_epoch());
  } else if constexpr (requires { typename T::period; }) {
    return identical(a.count(), b.count());
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    using namespace boost::describe;
    bool same = true;
    boost::mp11::mp_for_each<describe_bases<T, mod_any_access>>([&](auto base) {
      using type = typename decltype(base)::type;
      same = same && identical(static_cast<const type&>(a), static_cast<const type&>(b));
    });
    boost::mp11::mp_for_each<describe_members<T, mod_any_access>>(
        [&](auto member) { same = same && identical(a.*member.pointer, b.*member.pointer); });
    return same;
  } else {
    return a == b;
  }
}

}  // namespace glovebox::test
