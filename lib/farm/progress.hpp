// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/outcome.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace glovebox::farming {

/// Makes the text that shows how far a run is. Clockless: times are those since the run's start.
class progress {
 public:
  enum class style : std::uint8_t { none, bar, lines };
  using counts = std::array<std::size_t, outcome_count>;

  progress(style chosen, std::size_t total) : style_(chosen), total_(total) {}

  /// What is to be printed now; may be empty.
  std::string update(const counts& so_far, std::chrono::nanoseconds since_start);
  /// The last of it, at the run's end.
  std::string finish(const counts& all, std::chrono::nanoseconds since_start);

 private:
  std::string bar(const counts& so_far, std::chrono::nanoseconds since_start) const;
  std::string line(const counts& so_far, std::chrono::nanoseconds since_start) const;

  style style_;
  std::size_t total_;
  std::size_t tenth_ = 0;  // of the cases: the last one that got a line
  std::chrono::nanoseconds last_line_{};
};

}  // namespace glovebox::farming
