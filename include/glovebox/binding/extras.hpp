// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/function.hpp>
#include <glovebox/op.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

/// A parameter's name with its default value.
struct arg_with_default {
  const char* name;
  value fallback;
};

/// The name of a function's parameter, in its position: `arg("image")`, `arg("threshold") = 0.5`.
struct arg {
  explicit constexpr arg(const char* text) noexcept : name(text) {}
  template <class T>
  arg_with_default operator=(T&& fallback) const {
    return {name, value(std::forward<T>(fallback))};
  }
  const char* name;
};

/// What a function, class or module is for.
struct doc {
  explicit doc(std::string what) : text(std::move(what)) {}
  std::string text;
};

/// The result stays in the child, although it could travel.
struct by_proxy_t {};

template <class E>
inline constexpr bool is_arg = std::is_same_v<E, arg> || std::is_same_v<E, arg_with_default>;

GLOVEBOX_API void name_parameter(function& what, std::size_t index, const char* name);
/// \throws std::logic_error when the parameter cannot take it
GLOVEBOX_API void set_default(function& what, std::size_t index, const value& fallback,
                              void (*try_it)(std::size_t index, json_reader& in));

/// What the body of GLOVEBOX_MODULE can name without qualification.
struct names {
  using arg = binding::arg;
  using doc = binding::doc;
  using special = glovebox::special;
  static constexpr by_proxy_t by_proxy{};
};

}  // namespace glovebox::binding
