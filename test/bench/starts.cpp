// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// How long it takes until a child has answered its first call, beside a plain fork. Children are
// started a few milliseconds apart, as they mostly are, and one right after another.
#include "figures.hpp"
#include "raw.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int starts = 30;  // a round
constexpr auto at_once = std::chrono::milliseconds(0);
constexpr auto apart = std::chrono::milliseconds(3);
constexpr std::size_t large = std::size_t{64} * 1024 * 1024;

double microseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::micro>(time).count() / starts;
}

int add(int a, int b) {
  return a + b;
}

double raw_start(std::chrono::milliseconds pause) {
  clock_type::duration spent{};
  for (int i = 0; i != starts; ++i) {
    std::this_thread::sleep_for(pause);
    const auto begin = clock_type::now();
    const bench::echo child;
    child.ping(1);
    spent += clock_type::now() - begin;
  }
  return microseconds(spent);
}

/// \param warm whether it is ready before it is called
double start_children(asio::io_context& io, std::chrono::milliseconds pause, bool warm = false) {
  clock_type::duration spent{};
  const auto make = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != starts; ++i) {
      std::this_thread::sleep_for(pause);
      auto begin = clock_type::now();
      const glovebox::context child(io);
      if (warm) {
        co_await child.start();
        begin = clock_type::now();
      }
      co_await child.call<&add>(i, 1);
      spent += clock_type::now() - begin;
      co_await child.stop();  // what its end takes is no part of the next one's beginning
    }
  };
  auto done = asio::co_spawn(io, make, asio::use_future);
  io.restart();
  io.run();
  done.get();
  return microseconds(spent);
}

/// The same in a parent that holds much memory.
double start_in_large_parent(asio::io_context& io) {
  const std::vector<char> held(large, 'x');
  return start_children(io, apart);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  const auto new_child = [&] { return start_children(io, apart); };
  const auto next_child = [&] { return start_children(io, at_once); };
  const auto ready_child = [&] { return start_children(io, at_once, true); };
  const auto fork_apart = [] { return raw_start(apart); };
  const auto fork_at_once = [] { return raw_start(at_once); };
  return bench::run(
      {
          {"new child to first reply", "us", new_child, fork_apart, 1.6},
          {"new children, one after another", "us", next_child, fork_at_once, 1.6},
          {"ready child to first reply", "us", ready_child, fork_at_once, 0.5},
          {"new child, 64 MiB more in the parent", "us", [&] { return start_in_large_parent(io); },
           new_child, 1.1},
      },
      argc, argv);
}
