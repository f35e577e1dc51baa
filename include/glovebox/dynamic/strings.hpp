// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/strings.hpp>
#include <glovebox/dynamic/core.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace glovebox {

namespace detail {

/// Takes a large string over, when it may.
template <class String>
void write_text(json_writer& out, String&& value) {
  using string = std::remove_cvref_t<String>;
  const auto view = [](const string& of) {
    return std::string_view(reinterpret_cast<const char*>(of.data()), of.size());
  };
  if constexpr (!std::is_reference_v<String> && !std::is_const_v<String>) {
    if (out.attaches(value.size())) {
      const auto owner = std::make_shared<const string>(std::move(value));
      return out.text(view(*owner), owner);
    }
  }
  out.text(view(value));
}

template <class String>
void write_any_text(json_writer& out, String&& value) {
  using unit = typename std::remove_cvref_t<String>::value_type;
  if constexpr (sizeof(unit) == 1)
    write_text(out, std::forward<String>(value));
  else
    out.wide_text(value.data(), value.size(), sizeof(unit));
}

}  // namespace detail

/// Text, whatever its encoding is here: it is read as a string of any character type. What is not
/// valid in its encoding comes back unit by unit as the same type only.
template <class C, class Traits, detail::default_policy Allocator>
requires detail::is_bulk<C>
struct dynamic_codec<std::basic_string<C, Traits, Allocator>> {
  using string = std::basic_string<C, Traits, Allocator>;

  template <class V>
  static void write(json_writer& out, V&& value) {
    detail::write_any_text(out, std::forward<V>(value));
  }
  static string read(json_reader& in) {
    if constexpr (std::is_same_v<string, std::string>) {
      return in.string();
    } else {
      std::string scratch;
      if constexpr (sizeof(C) == 1) {
        const std::string_view text = in.text(scratch);
        string value(text.size(), C());
        if (!text.empty()) std::memcpy(value.data(), text.data(), text.size());
        return value;
      } else {
        const json_reader::wide text = in.wide_text(sizeof(C), scratch);
        string value(text.count, C());
        in.write_wide(text, sizeof(C), value.data());
        return value;
      }
    }
  }
};

/// Is read as a string.
template <class C, class Traits>
struct dynamic_codec<std::basic_string_view<C, Traits>> {
  static void write(json_writer& out, std::basic_string_view<C, Traits> value) {
    detail::write_any_text(out, std::as_const(value));
  }
};

/// Text that ends at its first NUL; is read as a string.
template <>
struct dynamic_codec<const char*> {
  static void write(json_writer& out, const char* text) {
    if (!text) out.fail("a null pointer is no string");
    out.text(text);
  }
};
template <>
struct dynamic_codec<char*> : dynamic_codec<const char*> {};
template <std::size_t N>
struct dynamic_codec<char[N]> {
  static void write(json_writer& out, const char (&text)[N]) {
    out.text(std::string_view(text, ::strnlen(text, N)));
  }
};

/// Text.
template <detail::path_like T>
struct dynamic_codec<T> {
  using string = typename T::string_type;
  static void write(json_writer& out, const T& value) {
    dynamic_codec<string>::write(out, value.native());
  }
  static T read(json_reader& in) { return T(dynamic_codec<string>::read(in)); }
};

}  // namespace glovebox
