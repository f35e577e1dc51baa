// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// How long it takes until a child has answered its first call, beside a plain fork.
#include "figures.hpp"
#include "raw.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int starts = 30;  // a round
constexpr std::size_t large = std::size_t{64} * 1024 * 1024;

double microseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::micro>(time).count() / starts;
}

int add(int a, int b) {
  return a + b;
}

double raw_start() {
  clock_type::duration spent{};
  for (int i = 0; i != starts; ++i) {
    const auto begin = clock_type::now();
    const bench::echo child;
    child.ping(1);
    spent += clock_type::now() - begin;
  }
  return microseconds(spent);
}

/// \param warm whether it is ready before it is called
double start_children(asio::io_context& io, bool warm) {
  clock_type::duration spent{};
  const auto make = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != starts; ++i) {
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
  return start_children(io, false);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  const auto cold = [&] { return start_children(io, false); };
  const auto warm = [&] { return start_children(io, true); };
  return bench::run(
      {
          {"new child to first reply", "us", cold, raw_start, 1.6},
          {"ready child to first reply", "us", warm, raw_start, 0.5},
          {"new child, 64 MiB more in the parent", "us", [&] { return start_in_large_parent(io); },
           cold, 1.1},
      },
      argc, argv);
}
