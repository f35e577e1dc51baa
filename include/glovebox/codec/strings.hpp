// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace glovebox {

/// Strings of any character type, byte by byte: NULs and invalid UTF-8 survive.
template <class C, class Traits, class Allocator>
struct codec<std::basic_string<C, Traits, Allocator>> {
  using string = std::basic_string<C, Traits, Allocator>;
  static void encode(encoder& out, const string& value) {
    out.blob(std::as_bytes(std::span(value.data(), value.size())));
  }
  static void encode_owned(encoder& out, string&& value) {
    if (value.size() * sizeof(C) < attachment_threshold) {
      encode(out, value);
      return;
    }
    auto owner = std::make_shared<const string>(std::move(value));
    const auto bytes = std::as_bytes(std::span(owner->data(), owner->size()));
    out.blob(bytes, std::move(owner));
  }
  static string decode(decoder& in) {
    const auto bytes = in.blob();
    if (bytes.size() % sizeof(C) != 0) in.fail("a string that ends inside a character");
    in.charge(bytes.size());
    string value(bytes.size() / sizeof(C), C());
    if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    return value;
  }
};

/// Arrives as a string.
template <class C, class Traits>
struct codec<std::basic_string_view<C, Traits>> {
  static void encode(encoder& out, std::basic_string_view<C, Traits> value) {
    out.blob(std::as_bytes(std::span(value.data(), value.size())));
  }
};

template <>
struct codec<std::filesystem::path> {
  static void encode(encoder& out, const std::filesystem::path& value) {
    codec<std::string>::encode(out, value.native());
  }
  static std::filesystem::path decode(decoder& in) { return codec<std::string>::decode(in); }
};

}  // namespace glovebox
