// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Bulk data that the parent writes and the child reads, beside the same two loops in one process.
#include "figures.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using glovebox::shared_array;

constexpr std::size_t elements = 256 * 1024 * 1024 / sizeof(std::uint64_t);
constexpr std::size_t vector_elements = 64 * 1024 * 1024 / sizeof(std::uint64_t);

// Neither is inlined: both sides run the same instructions.
[[gnu::noinline]] void fill(std::span<std::uint64_t> to, std::uint64_t seed) {
  for (std::uint64_t& each : to) each = seed++;
}
[[gnu::noinline]] std::uint64_t sum(std::span<const std::uint64_t> from) {
  return std::accumulate(from.begin(), from.end(), std::uint64_t{0});
}
std::uint64_t sum_there(const shared_array<std::uint64_t>& from) {
  return sum(from.elements());
}

double milliseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}
void check(std::uint64_t seed, std::uint64_t got) {
  const std::uint64_t n = elements;
  if (got != n * seed + n / 2 * (n - 1)) throw std::runtime_error("a wrong sum");
}

double shared(asio::io_context& io, const glovebox::context& child, std::uint64_t seed) {
  const auto start = clock_type::now();
  {
    const shared_array<std::uint64_t> data(elements, child);
    fill(data.writable(), seed);
    child.call<&sum_there>(data, [&](std::exception_ptr error, std::uint64_t got) {
      if (error) std::rethrow_exception(error);
      check(seed, got);
    });
  }
  io.restart();
  io.run();
  return milliseconds(clock_type::now() - start);
}

std::uint64_t sum_of_vector(const std::vector<std::uint64_t>& from) {
  return sum(from);
}

/// In a vector, which the call takes over.
double in_vector(asio::io_context& io, const glovebox::context& child) {
  std::vector<std::uint64_t> data(vector_elements);
  fill(data, 1);
  const std::uint64_t expected = sum(data);
  const auto start = clock_type::now();
  child.call<&sum_of_vector>(std::move(data), [&](std::exception_ptr error, std::uint64_t got) {
    if (error) std::rethrow_exception(error);
    if (got != expected) throw std::runtime_error("a wrong sum");
  });
  io.restart();
  io.run();
  return milliseconds(clock_type::now() - start);
}

/// Into fresh memory, as what a call brings is.
double copied() {
  std::vector<std::uint64_t> data(vector_elements);
  fill(data, 1);
  const std::uint64_t expected = sum(data);
  const auto start = clock_type::now();
  const std::vector<std::uint64_t> copy(data);
  if (sum(copy) != expected) throw std::runtime_error("a wrong sum");
  return milliseconds(clock_type::now() - start);
}

double alone(std::vector<std::uint64_t>& data, std::uint64_t seed) {
  const auto start = clock_type::now();
  fill(data, seed);
  check(seed, sum(data));
  return milliseconds(clock_type::now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  const glovebox::context child(io);
  std::vector<std::uint64_t> own(elements);
  std::uint64_t seed = 0;
  // The pages are paid for once, on both sides.
  shared(io, child, ++seed);
  return bench::run(
      {
          {"256 MiB in a shared_array", "ms", [&] { return shared(io, child, ++seed); },
           [&] { return alone(own, ++seed); }, 1 / 0.9},
          {"64 MiB in a vector", "ms", [&] { return in_vector(io, child); }, copied, 1 / 0.3},
      },
      argc, argv);
}
