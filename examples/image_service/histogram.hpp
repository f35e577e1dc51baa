// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace image_service {

/// How long something took: how many times up to each of a few bounds, as Prometheus wants it.
class histogram {
 public:
  static constexpr std::array<double, 15> bounds{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};  // [s]

  void add(std::chrono::nanoseconds took);

  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }          ///< [s]
  double longest() const { return longest_; }  ///< [s]
  /// Of those that took no longer than `bounds[index]`.
  std::uint64_t count_up_to(std::size_t index) const;
  /// Estimated within the bounds between which it lies, 0 without any [s]. `part` is 0.5 for the
  /// median.
  double quantile(double part) const;

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};  // the last one: beyond all bounds
  std::uint64_t count_ = 0;
  double sum_ = 0, longest_ = 0;
};

}  // namespace image_service
