// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Crash cycles under load, for as long as wanted. In each, four threads give a child of their own
// some calls, one of which ends it; at random some are cancelled, have deadlines, keep objects,
// call back or stream, and at random the child is stopped, killed or dropped. Every call must
// complete once, with what really happened; at the end nothing may be left.
//
//   soak [--crashes N | --minutes M] [--seed S] [--only CYCLE]
//
// The last line has the figures; the exit code is 0 when all of them are as they should be.
#include "soak/cycle.hpp"

#include <glovebox/init.hpp>

#include <malloc.h>
#include <unistd.h>
#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace soak;
namespace test = glovebox::test;
using clock_type = std::chrono::steady_clock;

constexpr int threads = 4;
constexpr std::uint64_t warm_up = 1000;  // [crashes]; until then memory may grow
constexpr double memory_bound = 2;       // [MiB]

struct arguments {
  std::uint64_t crashes = 10'000;
  std::chrono::minutes minutes{};  // 0: as many crashes as are wanted
  std::uint64_t seed = std::random_device()();
  std::uint64_t only = 0;
};

arguments parse(int argc, char** argv) {
  arguments given;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a number");
    const std::uint64_t number = std::stoull(argv[i + 1]);
    if (name == "--crashes")
      given.crashes = number;
    else if (name == "--minutes")
      given.minutes = std::chrono::minutes(number);
    else if (name == "--seed")
      given.seed = number;
    else if (name == "--only")
      given.only = number;
    else
      throw std::invalid_argument("unknown option " + std::string(name));
  }
  return given;
}

/// What must not be more at the end than after the warm-up, when one may be on its way out.
struct state {
  std::size_t descriptors = 0;
  double memory = 0;  // [MiB]
};

/// The process that is the parent of all children.
pid_t fork_server(asio::io_context& io) {
  const glovebox::context any(io);
  return any.call<&life::parent_pid>(asio::use_future).get();
}

/// Children, zombies among them, that are still there long after they should have gone.
std::size_t left_behind(pid_t server) {
  life::eventually([server] { return life::children_of(server).empty(); });
  return life::children_of(server).size() + life::children_of(::getpid()).size();
}

state look() {
  ::malloc_trim(0);
  return {.descriptors = life::open_descriptors(), .memory = life::resident_memory(::getpid())};
}

/// Cycles until this many more crashes have happened, and the time is over.
void run(asio::io_context& io, ledger& of, std::uint64_t crashes, clock_type::time_point end) {
  const std::uint64_t wanted = of.crashes + crashes;
  std::vector<std::thread> drivers;
  for (int i = 0; i != threads; ++i)
    drivers.emplace_back([&] {
      while ((of.crashes < wanted || clock_type::now() < end) && !of.hopeless())
        run_cycle(io, of, of.next_cycle++);
    });
  for (std::thread& each : drivers) each.join();
}

int soak_all(const arguments& given) {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::vector<std::thread> pool;
  for (int i = 0; i != threads; ++i) pool.emplace_back([&io] { io.run(); });
  ledger all(given.seed);
  if (given.only != 0) run_cycle(io, all, given.only);

  const auto begin = clock_type::now();
  state before, after;
  std::size_t zombies = 0;
  const pid_t server = fork_server(io);
  if (given.only == 0) {
    const bool timed = given.minutes.count() != 0;
    run(io, all, std::min(warm_up, given.crashes / 2), begin);
    zombies += left_behind(server);
    before = look();
    const std::uint64_t rest =
        timed ? 0 : given.crashes - std::min(given.crashes, all.crashes.load());
    run(io, all, rest, begin + given.minutes);
  }
  zombies += left_behind(server);
  const bool all_destroyed = life::eventually([&] { return all.handlers == 0; });
  life::eventually([&] { return life::open_descriptors() <= before.descriptors; });
  after = look();
  if (given.only != 0) before = after;
  work.reset();
  io.stop();
  for (std::thread& each : pool) each.join();

  const double seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
  std::printf("\n");
  for (const auto& [name, count] : all.kinds())
    std::printf("  %-20s %8llu\n", name.c_str(), static_cast<unsigned long long>(count));
  const bool flat = test::under_sanitizer || after.memory - before.memory <= memory_bound;
  const bool good = all.lost == 0 && all.doubled == 0 && all.wrong == 0 && zombies == 0 &&
                    all.daemons_left == 0 && all_destroyed &&
                    after.descriptors <= before.descriptors && flat;
  std::printf(
      "%s: %llu crashes and %llu calls in %.0f s (seed %llu): %llu lost, %llu completed twice, "
      "%llu handlers kept, %llu wrong outcomes, %zu zombies, %llu grandchildren left, descriptors "
      "%zu -> %zu, memory %.1f -> %.1f MiB\n",
      good ? "good" : "BAD", static_cast<unsigned long long>(all.crashes),
      static_cast<unsigned long long>(all.calls), seconds,
      static_cast<unsigned long long>(given.seed), static_cast<unsigned long long>(all.lost),
      static_cast<unsigned long long>(all.doubled), static_cast<unsigned long long>(all.handlers),
      static_cast<unsigned long long>(all.wrong), zombies,
      static_cast<unsigned long long>(all.daemons_left), before.descriptors, after.descriptors,
      before.memory, after.memory);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  try {
    return soak_all(parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "soak: %s\n", error.what());
    return 2;
  }
}
