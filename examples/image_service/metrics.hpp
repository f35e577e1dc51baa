// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "histogram.hpp"

#include <glovebox/pool_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace image_service {

/// What the service counts, and the two forms in which it says so. Thread-safe.
class metrics {
 public:
  /// What is measured elsewhere.
  struct gauges {
    glovebox::pool_stats pool;
    std::size_t connections = 0;
  };

  /// `route` is one of few names, whatever a client asks for.
  void count_request(std::string_view route, int status, std::chrono::nanoseconds took);
  /// `outcome` is one of few: `ok`, `bad_image`, a cause of glovebox's, ...
  void count_thumbnail(std::string_view outcome);

  std::string to_json(const gauges& now) const;
  /// Prometheus' text format, version 0.0.4.
  std::string to_prometheus(const gauges& now) const;

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;  // by route and status
  std::map<std::string, std::uint64_t> thumbnails_;                // by outcome
  std::map<std::string, histogram> durations_;                     // by route
};

}  // namespace image_service
