// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Functions and lambdas of this program run in a child process; a crash there is an exception here.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <iostream>
#include <stdexcept>

int add(int a, int b) {
  return a + b;
}

int dragons_here(int step) {
  int* nowhere = nullptr;
  if (step == 3) *nowhere = step;
  return step;
}

asio::awaitable<void> visit(glovebox::context child) {
  std::cout << "2 + 3 = " << co_await child.call<&add>(2, 3) << '\n';

  const auto shout = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i != times; ++i) all += text + '!';
    return all;
  };
  std::cout << co_await child.call(shout, "glovebox", 3) << '\n';

  try {
    co_await child.call(
        [](int index) { return std::string("short").at(static_cast<std::size_t>(index)); }, 99);
  } catch (const std::out_of_range&) {
    std::cout << "the child threw std::out_of_range, and goes on\n";
  }

  for (int step = 1; step != 5; ++step) {
    try {
      const int reached = co_await child.call<&dragons_here>(step);
      std::cout << "step " << reached << '\n';
    } catch (const glovebox::process_terminated& crash) {
      std::cout << "crashed: " << crash.what() << '\n';
    } catch (const glovebox::state_error&) {
      std::cout << "the child is gone; this program is not\n";
    }
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);  // in a child this line serves calls and does not return
  asio::io_context io;
  asio::co_spawn(io, visit(glovebox::context(io)), asio::detached);
  io.run();
}
