// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Text and bytes of json_reader.
#include <glovebox/dynamic/json_reader.hpp>

#include "core/as_text.hpp"
#include "core/base64.hpp"
#include "core/utf8.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace glovebox {
namespace {

/// What a string can hold as it is: no quote, backslash or control character.
constexpr std::array<bool, 256> inside_string = [] {
  std::array<bool, 256> made{};
  for (std::size_t i = 0x20; i != 256; ++i) made[i] = i != '"' && i != '\\';
  return made;
}();

}  // namespace

std::string_view json_reader::quoted(std::string& scratch, std::string_view wanted) {
  space();
  if (at_ == end_ || *at_ != '"') mismatch(wanted);
  const char* const start = ++at_;
  unsigned char seen = 0;
  while (at_ != end_ && inside_string[static_cast<unsigned char>(*at_)])
    seen |= static_cast<unsigned char>(*at_++);
  if (at_ == end_) syntax("a string without an end");
  if (*at_ == '"') {
    const std::string_view text(start, static_cast<std::size_t>(at_++ - start));
    if (seen >= 0x80 && !core::valid_utf8(text)) syntax("a string that is not UTF-8");
    return text;
  }
  scratch.assign(start, at_);
  unescape(scratch);
  if (!core::valid_utf8(scratch)) syntax("a string that is not UTF-8");
  return scratch;
}

void json_reader::unescape(std::string& to) {
  for (;;) {
    const char* const start = at_;
    while (at_ != end_ && inside_string[static_cast<unsigned char>(*at_)]) ++at_;
    to.append(start, at_);
    if (at_ == end_) syntax("a string without an end");
    const char c = *at_++;
    if (c == '"') return;
    if (c != '\\') syntax("a control character in a string");
    if (at_ == end_) syntax("a string without an end");
    switch (const char escaped = *at_++) {
      case '"':
      case '\\':
      case '/':
        to += escaped;
        break;
      case 'b':
        to += '\b';
        break;
      case 'f':
        to += '\f';
        break;
      case 'n':
        to += '\n';
        break;
      case 'r':
        to += '\r';
        break;
      case 't':
        to += '\t';
        break;
      case 'u': {
        char32_t code = escaped_unit();
        if (code >= 0xd800 && code <= 0xdbff) {
          if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') syntax("half a surrogate pair");
          at_ += 2;
          const char32_t low = escaped_unit();
          if (low < 0xdc00 || low > 0xdfff) syntax("half a surrogate pair");
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xdc00 && code <= 0xdfff) {
          syntax("half a surrogate pair");
        }
        core::append_utf8(code, to);
        break;
      }
      default:
        syntax("an unknown escape in a string");
    }
  }
}

char32_t json_reader::escaped_unit() {
  std::uint32_t unit = 0;
  if (end_ - at_ < 4) syntax("a string without an end");
  const auto result = std::from_chars(at_, at_ + 4, unit, 16);
  if (result.ec != std::errc() || result.ptr != at_ + 4) syntax("an escape without four digits");
  at_ += 4;
  return unit;
}

std::span<const std::byte> json_reader::attached() {
  const std::uint64_t index = unsigned_integer(~std::uint64_t{0});
  if (index >= attachments_.size()) fail("an attachment is missing");
  const auto bytes = attachments_[static_cast<std::size_t>(index)];
  charge(bytes.size());
  return bytes;
}

template <class Container>
void json_reader::base64(Container& to) {
  std::string unused;
  const std::string_view text = quoted(unused, "base64");
  const auto size = core::decoded_base64_size(text);
  if (!size) fail("invalid base64");
  charge(*size);
  to.resize(*size);
  if (!core::read_base64(text, reinterpret_cast<std::byte*>(to.data()))) fail("invalid base64");
}

std::string_view json_reader::text(std::string& scratch) {
  space();
  std::string_view value;
  if (at_ != end_ && *at_ == '"') {
    value = quoted(scratch, "text");
    charge(value.size());
  } else if (enter("s")) {
    base64(scratch);
    leave();
    value = scratch;
    if (core::valid_utf8(value)) fail("valid UTF-8, written as if it were not");
  } else if (enter("sa")) {
    value = core::as_text(attached());
    leave();
  } else {
    mismatch("text");
  }
  return value;
}

std::string json_reader::string() {
  std::string scratch;
  const std::string_view value = text(scratch);
  if (value.data() == scratch.data()) return scratch;
  return std::string(value);
}

char32_t json_reader::character() {
  std::string scratch;
  const std::string_view utf8 = text(scratch);
  if (utf8.empty() || !core::valid_utf8(utf8) || core::count_units(utf8, 4) != 1)
    fail("expected a single character, not text of " + std::to_string(core::count_units(utf8, 4)));
  char32_t code = 0;
  core::write_units(utf8, 4, &code);
  return code;
}

json_reader::wide json_reader::wide_text(std::size_t width, std::string& scratch) {
  wide value;
  if (enter(width == 2 ? "s16" : "s32")) {
    base64(scratch);
    leave();
    if (scratch.size() % width != 0) fail("text that ends inside a character");
    std::string valid;
    if (core::append_utf8(scratch.data(), scratch.size() / width, width, valid))
      fail("valid text, written as if it were not");
    value = {scratch, scratch.size() / width, true};
  } else {
    value.utf8 = text(scratch);
    if (!core::valid_utf8(value.utf8)) fail("the text is not UTF-8");
    value.count = core::count_units(value.utf8, width);
  }
  charge(std::uint64_t{value.count} * width);
  return value;
}

void json_reader::write_wide(const wide& text, std::size_t width, void* to) const {
  if (!text.raw)
    core::write_units(text.utf8, width, to);
  else if (text.count != 0)
    std::memcpy(to, text.utf8.data(), text.count * width);
}

std::span<const std::byte> json_reader::bytes(std::vector<std::byte>& scratch) {
  if (enter("b")) {
    base64(scratch);
    leave();
    return scratch;
  }
  if (enter("ba")) {
    const auto value = attached();
    leave();
    return value;
  }
  const token what = next();
  if (what != token::list && marker() != "a") mismatch("bytes");
  require_conversions("bytes");
  for (list items(*this); items.next();) {
    charge(1);
    scratch.push_back(static_cast<std::byte>(unsigned_integer(255)));
  }
  return scratch;
}

std::vector<std::byte> json_reader::bytes() {
  std::vector<std::byte> scratch;
  const auto value = bytes(scratch);
  if (value.data() == scratch.data()) return scratch;
  return {value.begin(), value.end()};
}

std::span<const std::byte> json_reader::binary(std::vector<std::byte>& scratch) {
  if (!enter("bin")) mismatch("a value of the binary codec");
  std::span<const std::byte> value;
  if (next() == token::number) {
    value = attached();
  } else {
    base64(scratch);
    value = scratch;
  }
  leave();
  return value;
}

}  // namespace glovebox
