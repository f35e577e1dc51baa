// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace glovebox::test {

/// What a report says, without its labels, its lines' ends and their indents.
inline std::string without_layout(const std::string& report) {
  constexpr std::size_t indent = 12;
  std::string text;
  for (std::size_t at = 0; at < report.size();) {
    const std::size_t end = std::min(report.find('\n', at), report.size());
    const std::size_t from = std::min(at + indent, end);
    text.append(report, from, end - from);
    at = end + 1;
  }
  return text;
}

}  // namespace glovebox::test
