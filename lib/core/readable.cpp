// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/readable.hpp"

#include <array>
#include <charconv>

namespace glovebox::core {
namespace {

// How many bytes of well-formed UTF-8 stand at the front of `text`, for one character outside ASCII
// that is no control character; else 0.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continued = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i != to; ++i)
      if ((byte(i) & 0xC0) != 0x80) return false;
    return true;
  };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first >= 0xC2 && first <= 0xDF)
    return continued(1, 2) && !(first == 0xC2 && second < 0xA0) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool too_long = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return continued(1, 3) && !too_long && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool out_of_range = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return continued(1, 4) && !out_of_range ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text, char line_end) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string clean;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    std::size_t size = 1;
    if (first == '\n' || first == '\t') {
      clean += first == '\n' ? line_end : ' ';
    } else if (first >= 0x20 && first < 0x7F) {
      clean += text.front();
    } else if ((size = character(text)) != 0) {
      clean += text.substr(0, size);
    } else {
      size = 1;
      clean += {'\\', 'x', digits[first >> 4], digits[first & 15]};
    }
    text.remove_prefix(size);
  }
  return clean;
}

void add_wrapped(std::string& to, std::string_view label, std::string_view raw,
                 std::string_view colour) {
  const std::string clean = printable(raw);
  std::string_view text = clean;
  constexpr std::size_t indent = 12;
  constexpr std::string_view plain_again = "\x1b[0m";
  const std::size_t room = page_width - indent;
  bool first = true;
  do {
    std::string_view line = text.substr(0, room);
    if (line.size() != text.size())
      while ((static_cast<unsigned char>(text[line.size()]) & 0xC0) == 0x80) line.remove_suffix(1);
    std::size_t next = line.size();
    if (const auto end = text.substr(0, next + 1).find('\n'); end != text.npos) {
      line = line.substr(0, end);
      next = end + 1;
    } else if (next != text.size()) {
      // Between words where there are any, so that what is one word can be copied as one.
      if (const auto space = line.rfind(' '); space != line.npos && space > room / 4) {
        line = line.substr(0, space);
        next = space + 1;
        while (line.ends_with(' ')) line.remove_suffix(1);
      }
    }
    std::string start = first && !label.empty() ? "  " + std::string(label) : "";
    if (!line.empty()) start.resize(indent, ' ');
    to += start;
    if (!line.empty()) {
      to += colour;
      to += line;
      if (!colour.empty()) to += plain_again;
    }
    to += '\n';
    text.remove_prefix(next);
    first = false;
  } while (!text.empty());
}

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace glovebox::core
