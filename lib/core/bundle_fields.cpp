// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/bundle_fields.hpp"

#include "core/base64.hpp"
#include "core/bundle.hpp"
#include "core/utf8.hpp"

#include <algorithm>

namespace glovebox::core {
namespace {

constexpr std::string_view bytes_key = "base64";

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

boost::json::value json_of(std::string_view text) {
  if (valid_utf8(text)) return boost::json::string(text);
  const auto bytes = std::as_bytes(std::span(text));
  boost::json::string encoded;
  encoded.resize(base64_size(bytes.size()));
  write_base64(bytes, encoded.data());
  return boost::json::object{{bytes_key, std::move(encoded)}};
}

boost::json::array json_of(const std::vector<std::string>& texts) {
  boost::json::array all;
  for (const std::string& text : texts) all.push_back(json_of(text));
  return all;
}

void fields::refuse(std::string_view key, std::string_view why) const {
  std::string text = "its header's ";
  if (!path_.empty()) text += path_ + '.';
  throw bundle_error(text.append(key).append(" ").append(why));
}

const boost::json::value& fields::at(std::string_view key) const {
  const boost::json::value* const found = from_->if_contains(key);
  if (!found) refuse(key, "is missing");
  return *found;
}

fields fields::object(std::string_view key) const {
  const boost::json::value& value = at(key);
  if (!value.is_object()) refuse(key, "is no object");
  return {value.get_object(), path_.empty() ? std::string(key) : path_ + '.' + std::string(key)};
}

std::string fields::text_of(std::string_view key, const boost::json::value& value) const {
  if (value.is_string()) return std::string(value.get_string());
  const boost::json::value* const encoded =
      value.is_object() ? value.get_object().if_contains(bytes_key) : nullptr;
  if (!encoded || !encoded->is_string()) refuse(key, "is no text");
  const std::string_view characters = encoded->get_string();
  const auto size = decoded_base64_size(characters);
  std::string text(size.value_or(0), '\0');
  if (!size || !read_base64(characters, reinterpret_cast<std::byte*>(text.data())))
    refuse(key, "is no base64");
  return text;
}

void fields::check_for_system(std::string_view key, const std::string& text) const {
  if (text.find('\0') != text.npos) refuse(key, "has a zero byte in it");
}

std::string fields::text(std::string_view key) const {
  return has(key) ? text_of(key, at(key)) : std::string();
}

std::string fields::system_text(std::string_view key) const {
  std::string made = text(key);
  check_for_system(key, made);
  return made;
}

std::string fields::path(std::string_view key) const {
  std::string made = system_text(key);
  if (!made.starts_with('/')) refuse(key, "is no absolute path");
  return made;
}

const boost::json::array& fields::array(std::string_view key) const {
  const boost::json::value& value = at(key);
  if (!value.is_array()) refuse(key, "is no array");
  return value.get_array();
}

std::vector<std::string> fields::texts(std::string_view key) const {
  std::vector<std::string> all;
  if (!has(key)) return all;
  for (const boost::json::value& each : array(key)) all.push_back(text_of(key, each));
  return all;
}

std::vector<std::string> fields::system_texts(std::string_view key) const {
  std::vector<std::string> all = texts(key);
  for (const std::string& each : all) check_for_system(key, each);
  return all;
}

std::uint64_t fields::number(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                             std::uint64_t most) const {
  if (!has(key)) return otherwise;
  boost::json::error_code failed;
  const auto value = at(key).to_number<std::uint64_t>(failed);
  if (failed) refuse(key, "is no whole number that is at least 0");
  if (value < least || value > most)
    refuse(key, "is not between " + std::to_string(least) + " and " + std::to_string(most));
  return value;
}

bool fields::flag(std::string_view key) const {
  if (!has(key)) return false;
  if (!at(key).is_bool()) refuse(key, "is neither true nor false");
  return at(key).get_bool();
}

std::string fields::hex(std::string_view key) const {
  const std::string digits = text(key);
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_of(digits[i]);
    const int low = i + 1 < digits.size() ? digit_of(digits[i + 1]) : -1;
    if (high < 0 || low < 0) refuse(key, "is not hexadecimal");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::vector<std::uint64_t> fields::numbers(std::string_view key) const {
  std::vector<std::uint64_t> all;
  for (const boost::json::value& each : array(key)) {
    boost::json::error_code failed;
    all.push_back(each.to_number<std::uint64_t>(failed));
    if (failed) refuse(key, "has something in it that is no size");
  }
  return all;
}

std::size_t fields::choice(std::string_view key,
                           std::initializer_list<std::string_view> names) const {
  const std::string chosen = text(key);
  const auto found = std::find(names.begin(), names.end(), chosen);
  if (found == names.end()) refuse(key, "is none of the known ones");
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace glovebox::core
