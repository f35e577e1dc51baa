// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A thousand children of one parent: what each holds while it is idle, and what they cost a call.
#include "figures.hpp"
#include "raw.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <stdio.h>
#include <sys/resource.h>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::size_t children = 1000;
constexpr int pings = 2000;

int add(int a, int b) {
  return a + b;
}

void allow_descriptors() {
  rlimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 3 * children) throw std::runtime_error("too few descriptors are allowed");
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

/// What a process has to itself [MB].
double private_memory(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/smaps_rollup");
  double sum = 0;  // kB
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("Private_")) sum += std::stod(line.substr(line.find(':') + 1));
  return sum / 1000;
}

double milliseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

template <class Begin>
void run(asio::io_context& io, Begin&& begin) {
  asio::co_spawn(io, begin, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  io.run();
}

/// Calls to one after the other, in turn: the median [us].
double latency(asio::io_context& io, const std::vector<glovebox::context>& of) {
  std::vector<double> each;
  run(io, [&]() -> asio::awaitable<void> {
    for (std::size_t i = 0; i != pings; ++i) {
      const auto start = clock_type::now();
      co_await of[i % of.size()].call<&add>(static_cast<int>(i), 1);
      each.push_back(milliseconds(clock_type::now() - start) * 1000);
    }
  });
  return bench::median(std::move(each));
}

double latency_of_one(asio::io_context& io, const glovebox::context& child) {
  const bench::placed here(bench::placement::apart, child.pid());
  return latency(io, {child});
}

/// In a process that has no other children.
double latency_elsewhere() {
  std::FILE* const alone = ::popen("exec /proc/$PPID/exe --alone", "r");
  double found = 0;
  if (!alone || std::fscanf(alone, "%lf", &found) != 1) throw std::runtime_error("--alone");
  ::pclose(alone);
  return found;
}

void start_all(asio::io_context& io, std::vector<glovebox::context>& into) {
  run(io, [&]() -> asio::awaitable<void> {
    for (std::size_t i = 0; i != children; ++i) {
      into.emplace_back(io);
      co_await into.back().call<&add>(1, 1);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  allow_descriptors();
  asio::io_context io(1);
  std::vector<glovebox::context> one, all, some;
  one.emplace_back(io);
  latency(io, one);
  if (argc > 1 && std::string_view(argv[1]) == "--alone") {
    std::printf("%f\n", latency_of_one(io, one.front()));
    return 0;
  }
  const std::size_t descriptors = open_descriptors();
  const double memory = private_memory("self");

  auto begin = clock_type::now();
  start_all(io, all);
  const double started = milliseconds(clock_type::now() - begin);
  double in_children = 0, most = 0;
  for (const glovebox::context& each : all) {
    const double held = private_memory(std::to_string(each.pid()));
    in_children += held;
    most = std::max(most, held);
  }
  const double count = static_cast<double>(children);
  const double of_each = static_cast<double>(open_descriptors() - descriptors) / count;
  const double in_parent = (private_memory("self") - memory) / count;
  some.assign(all.begin(), all.begin() + 100);

  const int status = bench::run(
      {
          {"descriptors a child, of 1,000", "", [&] { return of_each; }, [] { return 1; }, 2},
          {"private memory a child, of 1,000", "MB",
           [&] { return in_children / count + in_parent; }, [] { return 1; }, 1.5},
          {"call latency, beside 1,000 children", "us",
           [&] { return latency_of_one(io, one.front()); }, latency_elsewhere, 1.1},
          {"call latency, 1,000 children in turn", "us", [&] { return latency(io, all); },
           [&] { return latency(io, some); }, 1.1},
      },
      argc, argv);
  begin = clock_type::now();
  some.clear();
  all.clear();
  run(io, []() -> asio::awaitable<void> { co_return; });
  std::printf(
      "%zu children: started one after the other in %.0f ms, ended in %.0f ms; %.2f MB each "
      "(at most %.2f), %.3f MB in the parent\n",
      children, started, milliseconds(clock_type::now() - begin), in_children / count, most,
      in_parent);
  return status;
}
