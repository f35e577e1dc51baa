// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An HTTP server that makes thumbnails of what anybody uploads, with a decoder that crashes and
// hangs on some files: it runs in a pool of children, and the server goes on.
#include "server.hpp"
#include "service.hpp"
#include "settings.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>
#include <vector>

namespace {

using namespace image_service;

glovebox::pool_options pool_options_for(const settings& chosen) {
  glovebox::pool_options options;
  options.size = chosen.children;
  options.max_queue = chosen.queue;
  options.poison_after = chosen.poison_after;
  options.child.memory_limit = chosen.memory_mib << 20;
  options.child.standard_output = glovebox::output::capture;
  options.child.standard_error = glovebox::output::capture;
  // On a machine that has too much to do, only the answer to a bad upload waits for its report.
  options.child.backtrace_timeout = std::chrono::seconds(8);
  return options;
}

server_options server_options_for(const settings& chosen) {
  server_options options;
  options.connection.limits.body = chosen.max_body;
  options.connection.idle = chosen.idle;
  options.connection.header = chosen.header;
  options.connection.body = chosen.body;
  options.connection.write = chosen.write;
  options.max_connections = chosen.max_connections;
  options.grace = chosen.grace;
  return options;
}

std::string url_of(const asio::ip::tcp::endpoint& address) {
  const std::string host = address.address().to_string();
  return "http://" + (address.address().is_v6() ? '[' + host + ']' : host) + ':' +
         std::to_string(address.port());
}

// The first signal stops it, the second one does so at once.
void await_signals(asio::signal_set& signals, server& http) {
  signals.async_wait([&](std::error_code error, int) {
    if (error) return;
    http.stop();
    signals.async_wait([&](std::error_code second_error, int) {
      if (!second_error) http.abort();
    });
  });
}

asio::awaitable<void> run(server& http, glovebox::pool children, asio::signal_set& signals) {
  co_await http.run();
  signals.cancel();
  co_await children.stop();
}

int serve(const settings& chosen) {
  asio::io_context io(static_cast<int>(chosen.threads));
  const glovebox::pool children(io, pool_options_for(chosen));
  service_options options;
  options.timeout = chosen.timeout;
  service thumbnails(children, options);
  const asio::ip::tcp::endpoint address(asio::ip::make_address(chosen.address), chosen.port);
  server http(io, address, thumbnails, server_options_for(chosen));
  thumbnails.count_connections = [&http] { return http.connections(); };

  asio::signal_set signals(http.get_executor(), SIGINT, SIGTERM);
  await_signals(signals, http);
  asio::co_spawn(http.get_executor(), run(http, children, signals),
                 [](const std::exception_ptr& failure) {
                   if (failure) std::rethrow_exception(failure);
                 });
  std::cout << "listening on " << url_of(http.address()) << std::endl;

  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < chosen.threads; ++i) others.emplace_back([&io] { io.run(); });
  io.run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  const settings chosen = parse_settings(argc, argv);
  try {
    return serve(chosen);
  } catch (const std::exception& why) {
    std::cerr << "image_service: " << why.what() << '\n';
    return EXIT_FAILURE;
  }
}
