// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a farm adds to a call: an empty case, beside the same function called directly and
// pipelined.
#include "figures.hpp"

#include <glovebox/farm.hpp>
#include <glovebox/glovebox.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int cases = 100'000;
constexpr int in_flight = 64;

int nothing(int value) {
  return value;
}

double per_case(clock_type::duration time) {
  return std::chrono::duration<double, std::micro>(time).count() / cases;
}

double direct(asio::io_context& io, const glovebox::context& child) {
  int started = 0;
  std::function<void()> next = [&] {
    if (started == cases) return;
    child.call<&nothing>(++started, [&](std::exception_ptr error, int) {
      if (error) std::rethrow_exception(error);
      next();
    });
  };
  const auto start = clock_type::now();
  for (int i = 0; i != in_flight; ++i) next();
  io.restart();
  io.run();
  return per_case(clock_type::now() - start);
}

double farmed(asio::io_context& io) {
  const glovebox::generated_cases dataset(cases, [](std::size_t index) {
    return glovebox::farm_case<int>{std::to_string(index), static_cast<int>(index)};
  });
  glovebox::farm_options options;
  options.pool.size = 1;
  options.pool.calls_per_child = in_flight;
  options.progress = glovebox::progress_style::none;
  const glovebox::farm farm(io, options);
  const auto start = clock_type::now();
  farm.run<&nothing>(dataset, [](std::exception_ptr error, glovebox::farm_report report) {
    if (error) std::rethrow_exception(error);
    if (report.count(glovebox::outcome::ok) != cases) throw std::runtime_error("not all are ok");
  });
  io.restart();
  io.run();
  return per_case(clock_type::now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  const glovebox::context child(io);
  return bench::run({{"empty case in a farm, by direct call", "us", [&] { return farmed(io); },
                      [&] { return direct(io, child); }, 3}},
                    argc, argv);
}
