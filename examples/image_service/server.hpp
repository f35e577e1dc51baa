// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "connection.hpp"
#include "handler.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <set>

namespace image_service {

struct server_options {
  connection_options connection;
  std::size_t max_connections = 1024;  ///< one more gets 503
  /// From `stop()` on: requests under way may be finished. When three quarters of it are over, the
  /// others are refused; at its end all connections are closed.
  std::chrono::milliseconds grace{5'000};
};

/// Accepts connections and runs each on a strand of its own. `run` ends when `stop()` was called
/// and every connection has ended.
class server {
 public:
  /// Listens. Throws `std::system_error`.
  server(asio::io_context& io, const asio::ip::tcp::endpoint& address, handler& served,
         const server_options& options);

  asio::awaitable<void> run();
  /// Thread-safe.
  void stop();
  /// Closes all connections at once.
  void abort();

  asio::ip::tcp::endpoint address() const { return address_; }
  std::size_t connections() const { return connection_count_; }
  asio::any_io_executor get_executor() const { return strand_; }

 private:
  asio::awaitable<void> accept_connections();
  asio::awaitable<void> wait_until_empty();
  void add(asio::ip::tcp::socket socket, bool refused);
  void refuse_waiting();
  void remove(const std::shared_ptr<connection>& ended);
  void at(asio::steady_timer& timer, std::chrono::milliseconds after, void (connection::*what)());

  asio::io_context& io_;
  asio::strand<asio::io_context::executor_type> strand_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::endpoint address_;
  handler& served_;
  const server_options options_;
  std::set<std::shared_ptr<connection>> connections_;
  std::atomic<std::size_t> connection_count_ = 0;
  asio::steady_timer empty_, three_quarters_over_, over_;
  bool is_stopping_ = false;
};

}  // namespace image_service
