// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <string_view>

namespace glovebox::detail {

// The compilers print the template argument at the end of a pretty function's name, g++ as
// "[with T = int; std::string_view = ...]", clang as "[T = int]".
constexpr std::string_view last_argument(std::string_view pretty, std::string_view marker) {
  const auto start = pretty.find(marker);
  if (start == std::string_view::npos) return pretty;
  pretty.remove_prefix(start + marker.size());
  int depth = 0;
  for (std::size_t i = 0; i != pretty.size(); ++i) {
    const char c = pretty[i];
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (c == ']' && depth-- == 0) return pretty.substr(0, i);
    if (c == ';' && depth == 0) return pretty.substr(0, i);
  }
  return pretty;
}

/// The type's name as the compiler writes it. Unlike typeid it works for incomplete types.
template <class T>
constexpr std::string_view type_name() {
  return last_argument(__PRETTY_FUNCTION__, "T = ");
}

/// A function's name as the compiler writes it, for reports only: such names are not unique.
template <auto F>
constexpr std::string_view function_name() {
  std::string_view name = last_argument(__PRETTY_FUNCTION__, "F = ");
  if (!name.empty() && name.front() == '&') name.remove_prefix(1);
  return name;
}

}  // namespace glovebox::detail
