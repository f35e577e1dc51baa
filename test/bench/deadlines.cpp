// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// How late a deadline ends a call whose child is stuck, in each way in which one can be, beside a
// timer and a SIGKILL by hand.
#include "figures.hpp"
#include "support/faults.hpp"

#include <glovebox/glovebox.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using glovebox::test::fault;
using clock_type = std::chrono::steady_clock;

constexpr auto deadline = 100ms;
constexpr auto grace = 10ms;
constexpr auto tolerance = 50ms;
constexpr int tries = 7;  // a round

double milliseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Until the call of a stuck child is over [ms].
double stuck_call(asio::io_context& io, const std::string& kind) {
  const glovebox::context child(io);
  auto ready = child.start(asio::use_future);
  io.restart();
  io.run();
  ready.get();
  const auto begin = clock_type::now();
  clock_type::time_point end;
  child.with({.timeout = deadline, .grace = grace})
      .call<&glovebox::test::commit_fault>(kind,
                                           [&](std::exception_ptr) { end = clock_type::now(); });
  io.restart();
  io.run();
  return milliseconds(end - begin);
}

/// The same by hand: a child that loops, a timer, SIGKILL, and its end.
double by_hand() {
  const pid_t child = ::fork();
  if (child == 0)
    for (volatile bool on = true; on;) {
    }
  const auto begin = clock_type::now();
  std::this_thread::sleep_for(deadline + grace);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return milliseconds(clock_type::now() - begin);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  std::vector<std::vector<double>> times;
  std::vector<bench::figure> figures;
  for (const fault& kind : glovebox::test::all_faults())
    if (kind.hangs()) times.emplace_back();
  auto into = times.begin();
  for (const fault& kind : glovebox::test::all_faults()) {
    if (!kind.hangs()) continue;
    const auto measured = [&io, &all = *into++, name = kind.name] {
      double worst = 0;
      for (int i = 0; i != tries; ++i) {
        all.push_back(stuck_call(io, name));
        worst = std::max(worst, all.back());
      }
      return worst;
    };
    figures.push_back(
        {.name = "deadline of 100 ms, " + kind.name,
         .unit = "ms",
         .measured = measured,
         .baseline = by_hand,
         .target = milliseconds(deadline + grace + tolerance) / milliseconds(deadline + grace)});
  }
  const int status = bench::run(figures, argc, argv);
  for (std::size_t i = 0; i != times.size(); ++i) {
    std::vector<double>& all = times[i];
    const double limit = milliseconds(deadline + grace + tolerance);
    const auto within =
        std::count_if(all.begin(), all.end(), [limit](double time) { return time <= limit; });
    std::sort(all.begin(), all.end());
    std::printf(
        "%-38s %td of %zu within %.0f ms; worst %.1f, %.0f + %.0f are its deadline and grace\n",
        figures[i].name.c_str(), within, all.size(), limit, all.back(), milliseconds(deadline),
        milliseconds(grace));
  }
  return status;
}
