// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/base64.hpp"

#include <array>
#include <cstdint>

namespace glovebox::core {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 64;

constexpr std::array<std::uint8_t, 256> digits = [] {
  std::array<std::uint8_t, 256> made{};
  made.fill(no_digit);
  for (std::size_t i = 0; i != alphabet.size(); ++i)
    made[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return made;
}();

std::size_t padding(std::string_view text) noexcept {
  return text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
}

}  // namespace

void write_base64(std::span<const std::byte> bytes, char* to) noexcept {
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    *to++ = alphabet[three >> 18];
    *to++ = alphabet[three >> 12 & 63];
    *to++ = i + 1 < bytes.size() ? alphabet[three >> 6 & 63] : '=';
    *to++ = i + 2 < bytes.size() ? alphabet[three & 63] : '=';
  }
}

std::optional<std::size_t> decoded_base64_size(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return {};
  return text.size() / 4 * 3 - padding(text);
}

bool read_base64(std::string_view text, std::byte* to) noexcept {
  const std::size_t missing = padding(text);
  const std::string_view body = text.substr(0, text.size() - missing);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : body) {
    const std::uint8_t digit = digits[static_cast<unsigned char>(c)];
    if (digit == no_digit) return false;
    bits = bits << 6 | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      *to++ = static_cast<std::byte>(bits >> count & 0xff);
    }
  }
  // The last digit's bits that carry nothing are zero: one value has one text.
  return (bits & ((1u << count) - 1)) == 0;
}

}  // namespace glovebox::core
