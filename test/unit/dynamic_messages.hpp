// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/dynamic.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace glovebox::test {

/// A value as JSON.
struct json_message {
  byte_buffer body;
  std::vector<attachment> attachments;

  std::string text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }
  std::vector<std::span<const std::byte>> attached() const {
    std::vector<std::span<const std::byte>> all;
    for (const attachment& each : attachments) all.push_back(each.bytes);
    return all;
  }
};

template <class T>
json_message written(T&& value, const limits& bounds = {}, detail::object_port* port = nullptr) {
  json_message made;
  json_writer out(made.body, made.attachments, bounds, port);
  const json_writer::scope path(out, "args", 0);
  write_dynamic(out, std::forward<T>(value));
  return made;
}

template <class T>
T read_back(std::string_view json, std::span<const std::span<const std::byte>> attachments = {},
            const limits& bounds = {}, bool conversions = true,
            detail::object_port* port = nullptr) {
  json_reader in(std::as_bytes(std::span(json)), attachments, bounds, port);
  in.allow_conversions(conversions);
  T value = [&] {
    const json_reader::scope path(in, "args", 0);
    return read_dynamic<T>(in);
  }();
  in.finish();
  return value;
}
template <class T>
T read_back(const json_message& from, const limits& bounds = {}, bool conversions = true,
            detail::object_port* port = nullptr) {
  return read_back<T>(from.text(), from.attached(), bounds, conversions, port);
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
std::string refusal(std::string_view json, bool conversions = true, const limits& bounds = {}) {
  return complaint([&] { read_back<T>(json, {}, bounds, conversions); });
}

}  // namespace glovebox::test
