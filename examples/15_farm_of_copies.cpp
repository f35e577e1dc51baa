// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A farm whose fixture takes a second to make. It is made once; each case has a copy of the child
// that made it, does to it what it likes, and may crash.
#include <glovebox/farm.hpp>
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

// ---- in the children

std::map<std::string, int> fixture;

void make_fixture() {
  for (int i = 0; i != 10'000; ++i) fixture["key " + std::to_string(i)] = i;
  std::this_thread::sleep_for(std::chrono::seconds(1));  // as if there were more to it
}

std::size_t try_it(int number) {
  if (fixture.size() != 10'000) throw std::logic_error("an earlier case has left something behind");
  if (number % 100 == 42) *static_cast<volatile int*>(nullptr) = number;
  fixture.erase("key " + std::to_string(number));
  return fixture.size();
}

// ---- in the parent

asio::awaitable<void> run(asio::io_context& io) {
  glovebox::farm_options options;
  options.pool.size = 4;  // copies that wait for a case, too
  options.pool.isolation = glovebox::isolation::copy;
  options.pool.prepare = [](glovebox::context child) -> asio::awaitable<void> {
    co_await child.call<&make_fixture>();
  };
  options.progress = glovebox::progress_style::none;
  const glovebox::farm farm(io, options);
  const glovebox::generated_cases cases(1000, [](std::size_t index) {
    return glovebox::farm_case<int>{std::to_string(index), static_cast<int>(index)};
  });
  const auto begin = std::chrono::steady_clock::now();
  const glovebox::farm_report report = co_await farm.run<&try_it>(cases);
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%zu ok, %zu crashed, %zu of another kind\n", report.count(glovebox::outcome::ok),
      report.count(glovebox::outcome::crashed),
      1000 - report.count(glovebox::outcome::ok) - report.count(glovebox::outcome::crashed));
  std::printf("%.1f ms a case, and a second for the fixture\n", (taken.count() - 1000) / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, run(io), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
