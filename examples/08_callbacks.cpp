// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The child calls back: a progress report, a decision that the parent makes by asking the child
// again, and a callable that the child keeps.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

// ---- runs in the child

int sum_of_squares(const std::vector<int>& numbers, const std::function<void(int)>& progress) {
  int sum = 0;
  for (const int each : numbers) {
    sum += each * each;
    progress(sum);
  }
  return sum;
}

std::string name_of(int part) {
  return "part " + std::to_string(part);
}

std::vector<std::string> wanted_parts(const std::function<bool(int)>& wanted) {
  std::vector<std::string> names;
  for (int part = 1; part != 5; ++part)
    if (wanted(part)) names.push_back(name_of(part));
  return names;
}

std::function<void(const std::string&)> log_line;
void use_log(std::function<void(const std::string&)> log) {
  log_line = std::move(log);
}
void work() {
  log_line("working");
}

// ---- runs in the parent

asio::awaitable<void> run(glovebox::context child) {
  const std::vector<int> numbers{1, 2, 3};
  const int sum = co_await child.call<&sum_of_squares>(
      numbers, [](int so_far) { std::cout << "so far " << so_far << '\n'; });
  std::cout << "the sum is " << sum << '\n';

  // A coroutine, which calls the child that waits for it.
  const auto ask = [child](int part) -> asio::awaitable<bool> {
    const std::string name = co_await child.call<&name_of>(part);
    co_return name.ends_with("2") || name.ends_with("3");
  };
  for (const std::string& name : co_await child.call<&wanted_parts>(ask))
    std::cout << "wanted: " << name << '\n';

  // What it throws is thrown in the child, and comes back if nobody catches it there.
  try {
    co_await child.call<&wanted_parts>(
        [](int part) -> bool { throw std::out_of_range("no " + std::to_string(part)); });
  } catch (const std::out_of_range& error) {
    std::cout << "out_of_range: " << error.what() << '\n';
  }

  // Kept beyond its call, until the child destroys its copy.
  const auto print = [](const std::string& line) { std::cout << "log: " << line << '\n'; };
  co_await child.call<&use_log>(glovebox::kept(print));
  co_await child.call<&work>();
  co_await child.call<&use_log>(print);  // this one only while the call runs
  try {
    co_await child.call<&work>();
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, run(glovebox::context(io)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
