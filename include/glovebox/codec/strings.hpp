// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>
#include <glovebox/detail/fresh_memory.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace glovebox {

namespace detail {

/// Reads the elements of a string or vector that cross in one piece.
template <class Container>
Container read_bulk(decoder& in) {
  using element = typename Container::value_type;
  const auto bytes = in.blob();
  if (bytes.size() % sizeof(element) != 0) in.fail("bulk data that ends inside an element");
  const std::size_t count = bytes.size() / sizeof(element);
  const auto* const first = reinterpret_cast<const element*>(bytes.data());
  // Copying at once spares the pass that first clears the memory.
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % alignof(element) == 0;
  if (aligned && bytes.size() < fresh_memory_threshold) return Container(first, first + count);
  Container value;
  value.reserve(count);
  about_to_fill(value.data(), bytes.size());
  if (aligned) {
    value.assign(first, first + count);
    return value;
  }
  value.resize(count);
  if (count != 0) std::memcpy(value.data(), bytes.data(), bytes.size());
  return value;
}

/// Writes them, and takes a large container over.
template <class Container>
void write_bulk(encoder& out, Container&& value) {
  if (std::as_bytes(std::span(value)).size() < attachment_threshold) {
    out.blob(std::as_bytes(std::span(value)));
    return;
  }
  const auto owner = std::make_shared<const Container>(std::move(value));
  out.blob(std::as_bytes(std::span(*owner)), owner);
}

}  // namespace detail

/// Strings of any character type, byte by byte: NULs and invalid UTF-8 survive.
template <class C, class Traits, detail::default_policy Allocator>
requires detail::is_bulk<C>
struct codec<std::basic_string<C, Traits, Allocator>> {
  using string = std::basic_string<C, Traits, Allocator>;
  static void encode(encoder& out, const string& value) {
    out.blob(std::as_bytes(std::span(value)));
  }
  static void encode_owned(encoder& out, string&& value) {
    detail::write_bulk(out, std::move(value));
  }
  static string decode(decoder& in) { return detail::read_bulk<string>(in); }
};

/// Arrives as a string.
template <class C, class Traits>
struct codec<std::basic_string_view<C, Traits>> {
  static void encode(encoder& out, std::basic_string_view<C, Traits> value) {
    out.blob(std::as_bytes(std::span(value)));
  }
};

/// Text that ends at its first NUL; arrives as a string.
template <>
struct codec<const char*> {
  static void encode(encoder& out, const char* text) {
    if (!text) out.fail("a null pointer is no string");
    codec<std::string_view>::encode(out, text);
  }
};
template <>
struct codec<char*> : codec<const char*> {};
template <std::size_t N>
struct codec<char[N]> {
  static void encode(encoder& out, const char (&text)[N]) {
    codec<std::string_view>::encode(out, std::string_view(text, ::strnlen(text, N)));
  }
};

namespace detail {

/// std::filesystem::path, known by its members: <filesystem> would make every program compile
/// longer.
template <class T>
concept path_like = requires(const T& path) {
  T::preferred_separator;
  { path.native() } -> std::same_as<const typename T::string_type&>;
}
&&std::is_constructible_v<T, typename T::string_type&&>;

}  // namespace detail

/// Paths cross byte by byte.
template <detail::path_like T>
struct codec<T> {
  using string = typename T::string_type;
  static void encode(encoder& out, const T& value) { codec<string>::encode(out, value.native()); }
  static T decode(decoder& in) { return T(codec<string>::decode(in)); }
};

}  // namespace glovebox
