// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "server.hpp"

#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <exception>
#include <system_error>
#include <utility>

namespace image_service {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using glovebox::as_tuple;

// When no descriptor is left: a client that ends gives one back.
constexpr auto pause_after_failure = 100ms;
// Connections that are told that there are too many of them; further ones are just closed.
constexpr std::size_t most_refused_at_once = 64;

}  // namespace

server::server(asio::io_context& io, const tcp::endpoint& address, handler& served,
               const server_options& options)
    : io_(io),
      strand_(io.get_executor()),
      acceptor_(strand_, address),
      address_(acceptor_.local_endpoint()),
      served_(served),
      options_(options),
      empty_(strand_),
      three_quarters_over_(strand_),
      over_(strand_) {
  acceptor_.non_blocking(true);  // for `refuse_waiting`
}

asio::awaitable<void> server::run() {
  co_await accept_connections();
  co_await wait_until_empty();
}

asio::awaitable<void> server::accept_connections() {
  asio::steady_timer pause(strand_);
  while (acceptor_.is_open()) {
    auto [error, socket] =
        co_await acceptor_.async_accept(asio::make_strand(io_), as_tuple(asio::use_awaitable));
    if (!error) {
      add(tcp::socket(std::move(socket)), is_stopping_);
      continue;
    }
    if (!acceptor_.is_open()) break;
    if (error == asio::error::connection_aborted) continue;
    pause.expires_after(pause_after_failure);
    co_await pause.async_wait(as_tuple(asio::use_awaitable));
  }
}

void server::add(tcp::socket socket, bool refused) {
  refused = refused || connections_.size() >= options_.max_connections;
  if (connections_.size() >= options_.max_connections + most_refused_at_once) return;
  const auto added = std::make_shared<connection>(std::move(socket), served_, options_.connection);
  connections_.insert(added);
  ++connection_count_;
  asio::co_spawn(added->get_executor(), refused ? added->refuse() : added->run(),
                 [this, added](const std::exception_ptr&) {
                   asio::post(strand_, [this, added] { remove(added); });
                 });
}

void server::remove(const std::shared_ptr<connection>& ended) {
  connections_.erase(ended);
  --connection_count_;
  if (connections_.empty()) empty_.cancel();
}

asio::awaitable<void> server::wait_until_empty() {
  while (!connections_.empty()) {
    empty_.expires_at(asio::steady_timer::time_point::max());
    co_await empty_.async_wait(as_tuple(asio::use_awaitable));
  }
  three_quarters_over_.cancel();
  over_.cancel();
}

void server::stop() {
  asio::dispatch(strand_, [this] {
    if (std::exchange(is_stopping_, true)) return;
    refuse_waiting();
    std::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& each : connections_) each->drain();
    at(three_quarters_over_, options_.grace * 3 / 4, &connection::abandon);
    at(over_, options_.grace, &connection::close);
  });
}

void server::abort() {
  asio::dispatch(strand_, [this] {
    for (const auto& each : connections_) each->close();
  });
}

// Closing the acceptor would reset those whose connection stands, and who may have sent a request.
void server::refuse_waiting() {
  for (;;) {
    std::error_code error;
    tcp::socket socket = acceptor_.accept(asio::make_strand(io_), error);
    if (error) return;
    add(std::move(socket), true);
  }
}

void server::at(asio::steady_timer& timer, std::chrono::milliseconds after,
                void (connection::*what)()) {
  timer.expires_after(after);
  timer.async_wait([this, what](std::error_code error) {
    if (error) return;
    for (const auto& each : connections_) ((*each).*what)();
  });
}

}  // namespace image_service
