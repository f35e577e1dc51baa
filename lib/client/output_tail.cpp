// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/output_tail.hpp"

#include <algorithm>

namespace glovebox::client {

void output_tail::add(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!open_) {
      lines_.emplace_back();
      if (lines_.size() > most_lines) lines_.pop_front();
      open_ = true;
    }
    std::string& line = lines_.back();
    line.append(text.substr(0, std::min(end, longest_line - std::min(line.size(), longest_line))));
    if (end == text.size()) return;
    open_ = false;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> output_tail::lines() const {
  return {lines_.begin(), lines_.end()};
}

}  // namespace glovebox::client
