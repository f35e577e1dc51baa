// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace glovebox::test {

/// What a report says, without its labels, its lines' ends and their indents. A line that is not
/// full ended at a space, unless it has no room for the long character that comes next.
inline std::string without_layout(const std::string& report) {
  constexpr std::size_t indent = 12, width = 100, longest_character = 4;
  std::string text;
  for (std::size_t at = 0; at < report.size();) {
    const std::size_t end = std::min(report.find('\n', at), report.size());
    const std::size_t from = std::min(at + indent, end);
    text.append(report, from, end - from);
    const auto next =
        static_cast<unsigned char>(report.c_str()[std::min(end + 1 + indent, report.size())]);
    const bool cut = end - at == width || (end - at + longest_character > width && next >= 0x80);
    if (!cut) text += ' ';
    at = end + 1;
  }
  return text;
}

}  // namespace glovebox::test
