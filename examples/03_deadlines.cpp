// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Deadlines and cancellation: what ends only the call, and what ends the child.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

int work(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}

void forever() {
  for (volatile bool on = true; on;) {
  }
}

asio::awaitable<void> hurry(asio::io_context& io) {
  glovebox::context first(io);
  std::cout << "in time: " << co_await first.with({.timeout = 5s}).call<&work>(1) << '\n';

  // Two calls in one child run one after the other. The second one's deadline passes while it
  // waits: it is withdrawn, and the child is left alone.
  first.call<&work>(400, [](std::exception_ptr, int result) {
    std::cout << "the slow call: " << result << '\n';
  });
  try {
    co_await first.with({.timeout = 50ms}).call<&work>(1);
  } catch (const glovebox::call_timeout& late) {
    std::cout << "the waiting one: " << late.what() << '\n';
  }

  // A call that runs and does not end takes its child along.
  try {
    co_await first.with({.run_timeout = 100ms}).call<&forever>();
  } catch (const glovebox::call_timeout& late) {
    std::cout << late.what() << "; child alive: " << std::boolalpha << late.child_alive() << '\n';
  }

  // Cancellation ends the wait at once. The child goes on with what it does.
  glovebox::context second(io);
  asio::steady_timer timer(io, 100ms);
  const auto result = co_await (second.call<&work>(300) || timer.async_wait(asio::use_awaitable));
  std::cout << (result.index() == 0 ? "answered" : "cancelled") << ", and the child still adds: "
            << co_await second.call([](int a, int b) { return a + b; }, 20, 22) << '\n';
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, hurry(io), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
