// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a crash costs its application: how long the io_context stands still while a child crashes
// and is looked at, beside the same loop with a child that answers; and until the call fails, with
// and without traces.
#include "figures.hpp"
#include "support/faults.hpp"

#include <glovebox/glovebox.hpp>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr int tries = 15;            // a round
constexpr double longest_pause = 1;  // ms
constexpr auto tick_period = std::chrono::microseconds(200);
constexpr auto start_over = 5ms;  // the fork server has made what the next start needs

double milliseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// A child that is ready.
glovebox::context make_child(asio::io_context& io, bool traces) {
  glovebox::context_options options;
  options.standard_error = glovebox::output::capture;
  if (!traces) options.backtrace_timeout = {};
  glovebox::context child(io, options);
  auto ready = child.start(asio::use_future);
  io.restart();
  io.run();
  ready.get();
  return child;
}

/// What this thread has used of a processor. Unlike the clock, it stands still while others have
/// it.
std::chrono::nanoseconds processor_time() {
  timespec time;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

struct hold_up {
  double clock;  // [ms]
  double work;   // [ms] of it, in which the loop's thread ran
};

/// How late a timer that ticks ever so often was at the most, while the child does what is asked.
hold_up hold_up_during(asio::io_context& io, bool crash) {
  const glovebox::context child = make_child(io, true);
  std::this_thread::sleep_for(start_over);
  bool over = false;
  clock_type::duration longest{};
  std::chrono::nanoseconds most_work{};
  asio::steady_timer timer(io, clock_type::now());
  auto worked = processor_time();
  const auto done = [&over](std::exception_ptr, auto&&...) { over = true; };
  if (crash)
    child.call<&glovebox::test::commit_fault>(std::string("abort"), done);
  else
    child.call<&glovebox::test::channel_descriptor>(done);
  const std::function<void(glovebox::asio_error_code)> tick = [&](glovebox::asio_error_code) {
    const auto late = clock_type::now() - timer.expiry();
    const auto work = processor_time();
    longest = std::max(longest, late);
    most_work = std::max(most_work, work - worked);
    worked = work;
    if (over) return;
    // Not behind the times: one that was late once would be late for ever.
    timer.expires_at(std::max(timer.expiry() + tick_period, clock_type::now()));
    timer.async_wait(tick);
  };
  timer.async_wait(tick);
  io.restart();
  io.run();
  return {milliseconds(longest), milliseconds(most_work)};
}

/// Until the call has failed [ms].
double failing_call(asio::io_context& io, bool traces) {
  const glovebox::context child = make_child(io, traces);
  const auto begin = clock_type::now();
  clock_type::time_point end;
  child.call<&glovebox::test::commit_fault>(std::string("abort"),
                                            [&](std::exception_ptr) { end = clock_type::now(); });
  io.restart();
  io.run();
  return milliseconds(end - begin);
}

template <class Measure>
double median_of(const Measure& measure) {
  std::vector<double> all;
  for (int i = 0; i != tries; ++i) all.push_back(measure());
  return bench::median(std::move(all));
}

void print(const char* what, const std::vector<double>& times) {
  const auto short_ones =
      std::count_if(times.begin(), times.end(), [](double each) { return each <= longest_pause; });
  std::printf("%td of %zu %s for %.0f ms at most; worst %.2f, median %.2f\n", short_ones,
              times.size(), what, longest_pause, *std::max_element(times.begin(), times.end()),
              bench::median(times));
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  std::vector<double> pauses, work, others;
  const auto crash = [&] {
    const hold_up seen = hold_up_during(io, true);
    pauses.push_back(seen.clock);
    work.push_back(seen.work);
    return seen.clock;
  };
  const auto reply = [&] {
    others.push_back(hold_up_during(io, false).clock);
    return others.back();
  };
  const std::vector<bench::figure> figures = {
      {.name = "pause of the loop at a crash",
       .unit = "ms",
       .measured = [&] { return median_of(crash); },
       .baseline = [&] { return median_of(reply); },
       .target = 10},
      {.name = "a crash until its call fails",
       .unit = "ms",
       .measured = [&] { return median_of([&] { return failing_call(io, true); }); },
       .baseline = [&] { return median_of([&] { return failing_call(io, false); }); },
       .target = 50},
  };
  const int status = bench::run(figures, argc, argv);
  print("crashes held the loop up", pauses);
  print("crashes made the loop's own thread work", work);
  print("replies held the loop up", others);
  return status;
}
