// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/page.hpp"

#include "farm/text.hpp"

namespace glovebox::cli {
namespace {

constexpr std::size_t width = 100;
constexpr std::size_t indent = 13;
constexpr std::size_t longest_value = 20'000;

// The bytes of so many characters of valid UTF-8.
std::size_t bytes_of(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  while (at != text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && characters-- == 0) break;
    ++at;
  }
  return at;
}

}  // namespace

void page::add(std::string_view label, std::string_view value) {
  if (value.empty()) return;
  const std::string clean = farming::one_line(value, longest_value);
  std::string_view rest = clean;
  std::string line(label);
  do {
    farming::pad(line, indent);
    const std::size_t bytes = bytes_of(rest, width - indent);
    text_ += line.append(rest.substr(0, bytes)) + '\n';
    rest.remove_prefix(bytes);
    line.clear();
  } while (!rest.empty());
}

}  // namespace glovebox::cli
