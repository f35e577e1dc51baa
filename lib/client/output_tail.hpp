// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::client {

/// The last lines of an output, bounded in number and length. From the beginning of a sanitizer's
/// report on the first ones are kept instead: it begins with what happened.
class output_tail {
 public:
  static constexpr std::size_t most_lines = 20;
  static constexpr std::size_t most_report_lines = 200;
  static constexpr std::size_t longest_line = 400;  // bytes; the rest of a line is dropped

  void add(std::string_view text);
  std::vector<std::string> lines() const;
  /// What a sanitizer has found: `AddressSanitizer: heap-use-after-free on ...`; else empty.
  const std::string& sanitizer_finding() const noexcept { return finding_; }

 private:
  void complete();

  std::deque<std::string> lines_;
  std::string finding_;
  std::size_t room_ = 0;  // for further lines of a report
  bool open_ = false;     // the last line has no end yet
};

}  // namespace glovebox::client
