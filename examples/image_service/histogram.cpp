// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "histogram.hpp"

#include <algorithm>
#include <numeric>

namespace image_service {

void histogram::add(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  ++count_;
  sum_ += seconds;
  longest_ = std::max(longest_, seconds);
}

std::uint64_t histogram::count_up_to(std::size_t index) const {
  const auto end = counts_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
  return std::accumulate(counts_.begin(), end, std::uint64_t{0});
}

double histogram::quantile(double part) const {
  const double wanted = part * static_cast<double>(count_);
  double below = 0;
  for (std::size_t i = 0; i != bounds.size(); ++i) {
    const auto here = static_cast<double>(counts_[i]);
    if (here > 0 && below + here >= wanted) {
      const double lower = i == 0 ? 0 : bounds[i - 1];
      return std::min(longest_, lower + (bounds[i] - lower) * (wanted - below) / here);
    }
    below += here;
  }
  return longest_;
}

}  // namespace image_service
