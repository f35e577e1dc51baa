// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string>
#include <string_view>

namespace glovebox::cli {

/// Text for a terminal: labels and values, no line over 100 columns, nothing that a terminal would
/// obey. What is too long goes on in the next line.
class page {
 public:
  /// Without a value: nothing.
  void add(std::string_view label, std::string_view value);
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace glovebox::cli
