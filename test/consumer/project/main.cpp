// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An application that knows glovebox by its package only: calls a function in a child process, and
// survives the one that crashes.
#include <glovebox/glovebox.hpp>

#include <unistd.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <cstdlib>
#include <iostream>

namespace {

asio::awaitable<bool> use(glovebox::context child) {
  const int product = co_await child.call([](int a, int b) { return a * b; }, 6, 7);
  const pid_t pid = co_await child.call([] { return getpid(); });
  bool crashed = false;
  try {
    co_await child.call([] { std::abort(); });
  } catch (const glovebox::process_terminated& error) {
    crashed = true;
    std::cout << error.what() << '\n';
  }
  co_return product == 42 && pid != getpid() && crashed;
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  auto works = asio::co_spawn(io, use(glovebox::context{io}), asio::use_future);
  io.run();
  return works.get() ? EXIT_SUCCESS : EXIT_FAILURE;
}
