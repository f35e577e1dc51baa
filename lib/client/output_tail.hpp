// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::client {

/// The last lines of an output, bounded in number and length.
class output_tail {
 public:
  static constexpr std::size_t most_lines = 20;
  static constexpr std::size_t longest_line = 400;  // bytes; the rest of a line is dropped

  void add(std::string_view text);
  std::vector<std::string> lines() const;

 private:
  std::deque<std::string> lines_;
  bool open_ = false;  // the last line has no end yet
};

}  // namespace glovebox::client
