// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "handler.hpp"
#include "metrics.hpp"

#include <glovebox/pool.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace image_service {

struct service_options {
  /// How long one image may be decoded; its child is killed then.
  std::chrono::milliseconds timeout{2'000};
  /// How long it may wait for a child besides.
  std::chrono::milliseconds queue_timeout{30'000};
};

/// The routes, and what is behind them.
class service : public handler {
 public:
  service(glovebox::pool children, const service_options& options);

  /// Says how many connections there are.
  std::function<std::size_t()> count_connections = [] { return std::size_t{0}; };

  asio::awaitable<response> handle(request asked, client& from) override;
  void answered(std::string_view path, int status, std::chrono::nanoseconds took) override;

 private:
  asio::awaitable<response> make_thumbnail(request asked, client& from);
  response answer_at_once(std::string_view path) const;
  metrics::gauges now() const;

  const glovebox::pool children_;
  const service_options options_;
  metrics metrics_;
};

}  // namespace image_service
