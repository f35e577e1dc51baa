// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/output_tail.hpp"

#include <algorithm>

namespace glovebox::client {
namespace {

// `==4711==ERROR: AddressSanitizer: ...`, `WARNING: ThreadSanitizer: ...`, and of UBSan
// `file.cpp:1:2: runtime error: ...`.
std::string finding_in(std::string_view line) {
  constexpr std::string_view undefined = ": runtime error: ";
  if (const auto at = line.find("Sanitizer: "); at != line.npos)
    for (const std::string_view start : {"ERROR: ", "WARNING: "})
      if (const auto from = line.find(start); from < at)
        return std::string(line.substr(from + start.size()));
  return line.find(undefined) != line.npos ? std::string(line) : std::string();
}

}  // namespace

void output_tail::add(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!open_) {
      if (!finding_.empty() && room_ == 0) {  // dropped, so that what is there stays
        if (end == text.size()) return;
        text.remove_prefix(end + 1);
        continue;
      }
      lines_.emplace_back();
      if (!finding_.empty())
        --room_;
      else if (lines_.size() > most_lines)
        lines_.pop_front();
      open_ = true;
    }
    std::string& line = lines_.back();
    line.append(text.substr(0, std::min(end, longest_line - std::min(line.size(), longest_line))));
    if (end == text.size()) return;
    open_ = false;
    complete();
    text.remove_prefix(end + 1);
  }
}

void output_tail::complete() {
  if (!finding_.empty()) return;
  finding_ = finding_in(lines_.back());
  if (!finding_.empty()) room_ = most_report_lines;
}

std::vector<std::string> output_tail::lines() const {
  return {lines_.begin(), lines_.end()};
}

}  // namespace glovebox::client
