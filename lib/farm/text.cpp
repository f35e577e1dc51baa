// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/text.hpp"

#include <array>
#include <cstdio>

namespace glovebox::farming {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Length of the character at the front; 0 when there is none. Unicode's table 3-7: no overlong
// forms, no surrogates, nothing above U+10FFFF.
std::size_t character(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  const unsigned char second = byte_at(text, 1);
  const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (std::size_t i = 2; i != length; ++i)
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  return length;
}

void append_escaped(std::string& to, unsigned char byte) {
  to += "\\x";
  to += digits[byte >> 4];
  to += digits[byte & 15];
}

}  // namespace

void append_utf8(std::string& to, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0) {
      append_escaped(to, byte_at(text, 0));
      text.remove_prefix(1);
    } else {
      to += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
}

std::string one_line(std::string_view text, std::size_t width) {
  std::string line;
  std::size_t used = 0;
  std::size_t room_for_dots = 0;  // length of the line where "..." still fits
  while (!text.empty()) {
    std::string piece;
    const std::size_t length = character(text);
    const unsigned char first = byte_at(text, 0);
    const bool control =
        length == 0 || first < 0x20 || first == 0x7f || (first == 0xc2 && byte_at(text, 1) < 0xa0);
    if (first == '\n')
      piece = "\\n";
    else if (control)
      append_escaped(piece, first);
    else
      piece = text.substr(0, length);
    const std::size_t piece_width = control ? piece.size() : 1;
    if (used + piece_width > width) {
      line.resize(room_for_dots);
      line.append("...", width < 3 ? width : 3);
      return line;
    }
    line += piece;
    used += piece_width;
    if (used + 3 <= width) room_for_dots = line.size();
    // Of a control character of two bytes, the second one is escaped in the next round.
    text.remove_prefix(control ? 1 : length);
  }
  return line;
}

std::size_t width_of(std::string_view text) noexcept {
  std::size_t width = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++width;
  return width;
}

void pad(std::string& text, std::size_t width) {
  const std::size_t used = width_of(text);
  if (used < width) text.append(width - used, ' ');
}

std::string duration_text(long long nanoseconds) {
  std::array<char, 32> text;
  const double value = static_cast<double>(nanoseconds);
  if (nanoseconds >= 1'000'000'000)
    std::snprintf(text.data(), text.size(), "%.2f s", value / 1e9);
  else if (nanoseconds >= 1'000'000)
    std::snprintf(text.data(), text.size(), "%.1f ms", value / 1e6);
  else
    std::snprintf(text.data(), text.size(), "%.1f us", value / 1e3);
  return text.data();
}

}  // namespace glovebox::farming
