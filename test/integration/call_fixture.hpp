// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "support/time_scale.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace glovebox::test {

/// Ends a test that hangs; nothing is measured by it.
inline constexpr auto hard_limit = std::chrono::seconds(60) * time_scale;

/// What a future holds, or what was thrown instead.
template <class R>
R get(std::future<R> from) {
  if (from.wait_for(hard_limit) != std::future_status::ready)
    throw std::logic_error("nothing came within the hard limit");
  return from.get();
}

/// What an E thrown by `body` says.
template <class E, class F>
std::string message_of(F&& body) {
  try {
    body();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

/// An io_context and the threads that run it.
class running_io {
 public:
  explicit running_io(int threads = 1) : work_(asio::make_work_guard(io)) {
    for (int i = 0; i != threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  running_io(const running_io&) = delete;
  running_io& operator=(const running_io&) = delete;
  ~running_io() { halt(); }

  /// Leaves what has not run yet in the io_context.
  void halt() {
    io.stop();
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

  asio::io_context io;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

/// One for all test cases of a program, and with it one fork server.
inline asio::io_context& shared_io() {
  static running_io shared;
  return shared.io;
}

/// A test case with a child of its own.
struct one_child {
  context ctx{shared_io()};
};

}  // namespace glovebox::test
