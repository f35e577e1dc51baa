// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>

#include <initializer_list>
#include <string>
#include <vector>

namespace glovebox::test {

/// An encoded value.
struct message {
  byte_buffer body;
  std::vector<attachment> attachments;

  std::vector<std::span<const std::byte>> attached() const {
    std::vector<std::span<const std::byte>> all;
    for (const attachment& each : attachments) all.push_back(each.bytes);
    return all;
  }
};

template <class T>
message encoded(T&& value, const limits& bounds = {}) {
  message made;
  encoder out(made.body, made.attachments, bounds);
  const encoder::scope path(out, "args", 0);
  encode(out, std::forward<T>(value));
  return made;
}

template <class T>
T decoded(std::span<const std::byte> body, std::span<const std::span<const std::byte>> attachments,
          const limits& bounds = {}) {
  decoder in(body, attachments, bounds);
  T value = [&] {
    const decoder::scope path(in, "args", 0);
    return decode<T>(in);
  }();
  in.finish();
  return value;
}
template <class T>
T decoded(const message& from, const limits& bounds = {}) {
  return decoded<T>(from.body.view(), from.attached(), bounds);
}

inline std::vector<std::byte> bytes_from(std::initializer_list<int> values) {
  std::vector<std::byte> made;
  for (const int each : values) made.push_back(static_cast<std::byte>(each));
  return made;
}

/// What the codec says of `action`; empty when it says nothing.
template <class Action>
std::string complaint(Action&& action) {
  try {
    action();
  } catch (const codec_error& error) {
    return error.what();
  }
  return {};
}
template <class T>
std::string refusal(std::span<const std::byte> body, const limits& bounds = {}) {
  return complaint([&] { decoded<T>(body, {}, bounds); });
}

}  // namespace glovebox::test
