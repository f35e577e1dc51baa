// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>
#include <glovebox/detail/type_name.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace glovebox::detail {

/// Appends a string in quotes, without control characters, shortened in its middle.
GLOVEBOX_API void describe_text(std::string_view text, std::string& to);
GLOVEBOX_API void describe_number(long long value, std::string& to);
GLOVEBOX_API void describe_number(unsigned long long value, std::string& to);
GLOVEBOX_API void describe_number(double value, std::string& to);
/// Appends `name{...}` for what has no shorter form.
GLOVEBOX_API void describe_opaque(std::string_view type, std::string& to);
GLOVEBOX_API void describe_size(std::string_view type, std::size_t size, std::string& to);

template <class T>
void describe_value(const T& value, std::string& to) {
  if constexpr (std::is_same_v<T, bool>)
    to += value ? "true" : "false";
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    describe_text(value, to);
  else if constexpr (std::is_floating_point_v<T>)
    describe_number(static_cast<double>(value), to);
  else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8 && std::is_signed_v<T>)
    describe_number(static_cast<long long>(value), to);
  else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8)
    describe_number(static_cast<unsigned long long>(value), to);
  else if constexpr (std::is_enum_v<T>)
    describe_value(static_cast<std::underlying_type_t<T>>(value), to);
  else if constexpr (requires { std::size(value); })
    describe_size(type_name<T>(), std::size(value), to);
  else
    describe_opaque(type_name<T>(), to);
}

/// Appends the next argument of a call as text; objects, which cross as handles, as `object #5`.
template <class Described>
void describe_argument(decoder& from, std::string& to) {
  if (!to.empty()) to += ", ";
  if constexpr (requires { Described::describe(from, to); }) {
    Described::describe(from, to);
  } else if constexpr (transferable<Described>) {
    describe_value(glovebox::decode<Described>(from), to);
  } else {
    to += "object #";
    describe_number(static_cast<unsigned long long>(from.template number<std::uint64_t>()), to);
  }
}

}  // namespace glovebox::detail
