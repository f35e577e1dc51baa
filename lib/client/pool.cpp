// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/pool.hpp>

#include "client/pool_impl.hpp"

#include <utility>

namespace glovebox {

struct pool::owner {
  explicit owner(std::shared_ptr<detail::pool_target> of) : target(std::move(of)) {}
  owner(const owner&) = delete;
  owner& operator=(const owner&) = delete;
  ~owner() { target->close(); }
  std::shared_ptr<detail::pool_target> target;
};

pool::pool(asio::any_io_executor executor, pool_options options) {
  auto made = std::make_shared<client::pool_impl>(std::move(executor), std::move(options));
  owner_ = std::make_shared<owner>(made);
  target_ = made;
  home_ = made;
  made->launch();
}

pool_stats pool::stats() const {
  return target_ ? target_->stats() : pool_stats{};
}

asio::any_io_executor pool::get_executor() const {
  return target_ ? target_->executor() : asio::any_io_executor();
}

}  // namespace glovebox
