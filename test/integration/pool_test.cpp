// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/pool_fixture.hpp"

#include <algorithm>
#include <array>
#include <asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace pool_test {

using glovebox::cause;
using glovebox::culprit;
using glovebox::phase;
using glovebox::pool;
using glovebox::pool_options;
using glovebox::process_terminated;

// ---- in the child

int pid_and_work(int rounds) {
  volatile int sum = 0;
  for (int i = 0; i != rounds; ++i) sum = sum + i;
  return ::getpid();
}

// ---- in the parent

BOOST_FIXTURE_TEST_SUITE(pools, world)

BOOST_AUTO_TEST_CASE(calls_go_to_the_child_with_the_least_to_do) {
  const pool workers(io, options_for(4));
  std::array<ending, 8> calls;
  for (ending& each : calls) workers.call<&pid_after_gate>(held.path(), into(each));
  // They all wait in the child, so each of the first four has one of its own.
  for (int i = 0; i != 4; ++i) held.wait_for_one();
  BOOST_TEST(workers.stats().running == 4u);
  BOOST_TEST(workers.stats().queued == 4u);
  BOOST_TEST(workers.stats().children == 4u);
  for (std::size_t i = 0; i != calls.size(); ++i) held.open();
  run_until_all_over(io, calls);
  std::set<int> pids;
  for (const ending& each : calls) pids.insert(each.value);
  BOOST_TEST(pids.size() == 4u);
  const auto stats = workers.stats();
  BOOST_TEST(stats.calls == 8u);
  BOOST_TEST(stats.completed == 8u);
  BOOST_TEST(stats.started == 4u);
  BOOST_TEST(stats.terminated == 0u);
  BOOST_TEST(stats.running == 0u);
  BOOST_TEST(stats.queued == 0u);
}

BOOST_AUTO_TEST_CASE(with_several_calls_a_child_the_load_is_still_even) {
  const pool workers(io, options_for(2, 3));
  std::array<ending, 6> calls;
  for (ending& each : calls) workers.call<&pid_after_gate>(held.path(), into(each));
  BOOST_TEST(workers.stats().running == 6u);
  for (std::size_t i = 0; i != calls.size(); ++i) held.open();
  run_until_all_over(io, calls);
  std::map<int, int> loads;
  for (const ending& each : calls) ++loads[each.value];
  BOOST_TEST(loads.size() == 2u);
  for (const auto& [pid, load] : loads) BOOST_TEST(load == 3);
}

BOOST_AUTO_TEST_CASE(a_dead_child_is_replaced) {
  const pool workers(io, options_for(2));
  for (int i = 0; i != 5; ++i) {
    ending fatal;
    workers.call<&mark_and_die>(file, i, into(fatal));
    run_until_over(io, fatal);
    const auto& info = fatal.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::signal);
    BOOST_TEST(info.phase == phase::running);
    BOOST_TEST(info.culprit == culprit::yes);
    BOOST_TEST(info.method == "pool_test::mark_and_die");
  }
  BOOST_TEST(works(workers));
  BOOST_TEST(workers.stats().terminated == 5u);
  BOOST_TEST(workers.stats().started >= 6u);
  BOOST_TEST(workers.stats().started <= 7u);
  BOOST_TEST(workers.stats().retried == 0u);
  BOOST_TEST(marks(file).size() == 5u);
}

BOOST_AUTO_TEST_CASE(calls_queued_in_a_dead_child_are_sent_again) {
  const pool workers(io, options_for(1, 16));
  ending first, fatal;
  std::array<ending, 3> before;
  std::array<ending, 10> behind;
  workers.call<&pass_gate>(held.path(), 0, into(first));
  for (std::size_t i = 0; i != before.size(); ++i)
    workers.call<&mark>(file, static_cast<int>(1 + i), into(before[i]));
  workers.call<&mark_and_die>(file, 10, into(fatal));
  for (std::size_t i = 0; i != behind.size(); ++i)
    workers.call<&mark>(file, static_cast<int>(20 + i), into(behind[i]));
  held.open();
  run_until_over(io, fatal);
  run_until_over(io, first);
  run_until_all_over(io, before);
  run_until_all_over(io, behind);
  BOOST_TEST(fatal.info().culprit == culprit::yes);
  BOOST_TEST(!first.failed());
  for (const ending& each : before) BOOST_TEST(!each.failed());
  for (const ending& each : behind) BOOST_TEST(!each.failed());
  const std::vector<int> executed = marks(file);
  BOOST_TEST(count(executed, 10) == 1);  // the culprit never again
  for (int i = 0; i != 3; ++i) BOOST_TEST(count(executed, 1 + i) == 1);
  for (int i = 0; i != 10; ++i) BOOST_TEST(count(executed, 20 + i) == 1);
  BOOST_TEST(std::is_sorted(executed.begin(), executed.end()));  // in the order of the calls
  BOOST_TEST(workers.stats().retried == 10u);
  BOOST_TEST(workers.stats().terminated == 1u);
}

// Each death sends the calls behind it on their way again, until they have had enough of it.
void run_out_of_retries(world& here, std::uint32_t max_retries, bool runs) {
  pool_options options = options_for(1, 8);
  options.max_retries = max_retries;
  const pool workers(here.io, options);
  ending first;
  std::array<ending, 3> fatal;
  ending victim;
  workers.call<&pass_gate>(here.held.path(), 0, into(first));
  for (std::size_t i = 0; i != fatal.size(); ++i)
    workers.call<&mark_and_die>(here.file, static_cast<int>(i), into(fatal[i]));
  workers.call<&mark>(here.file, 99, into(victim));
  here.held.open();
  run_until_all_over(here.io, fatal);
  run_until_over(here.io, victim);
  BOOST_TEST(count(marks(here.file), 99) == (runs ? 1 : 0));
  if (runs) {
    BOOST_TEST(!victim.failed());
  } else {
    const auto& info = victim.as<process_terminated>().info();
    BOOST_TEST(info.phase == phase::queued);
    BOOST_TEST(info.culprit == culprit::no);
  }
  for (int i = 0; i != 3; ++i) BOOST_TEST(count(marks(here.file), i) == 1);
  BOOST_TEST(here.works(workers));
}
BOOST_AUTO_TEST_CASE(as_many_retries_as_allowed) {
  run_out_of_retries(*this, 3, true);
}
BOOST_AUTO_TEST_CASE(no_more_retries_than_allowed) {
  run_out_of_retries(*this, 2, false);
}

BOOST_AUTO_TEST_CASE(no_retries) {
  pool_options options = options_for(1, 8);
  options.max_retries = 0;
  const pool workers(io, options);
  ending first, fatal, victim;
  workers.call<&pass_gate>(held.path(), 0, into(first));
  workers.call<&mark_and_die>(file, 1, into(fatal));
  workers.call<&mark>(file, 2, into(victim));
  held.open();
  run_until_over(io, victim);
  BOOST_TEST(victim.as<process_terminated>().phase() == phase::queued);
  BOOST_TEST(workers.stats().retried == 0u);
  BOOST_TEST(marks(file) == std::vector<int>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(children_that_cannot_start_are_not_started_again_and_again) {
  pool_options options = options_for(2);
  options.child.directory = file + "/no/such/directory";
  options.first_pause = 40ms;
  options.longest_pause = 1h;
  const auto begin = std::chrono::steady_clock::now();
  const pool workers(io, options);
  // Somebody always asks.
  std::deque<ending> calls;
  bool ask = true;
  std::function<void()> next = [&] {
    if (!ask) return;
    ending& call = calls.emplace_back();
    workers.call<&echo>(1, [&](std::exception_ptr error, int) {
      call = {.over = true, .error = std::move(error)};
      next();
    });
  };
  for (int i = 0; i != 10; ++i) next();
  asio::steady_timer timer(io, 1s);
  timer.async_wait([&](const glovebox::asio_error_code&) { ask = false; });
  run_until(io, [&] { return !ask; });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  // n starts of one child need at least 40 ms * (2^(n-1) - 1).
  const double most = 1 + std::log2(elapsed / options.first_pause + 1);
  BOOST_TEST(static_cast<double>(workers.stats().started) <= 2 * most);
  BOOST_TEST(workers.stats().started >= 4u);
  for (const ending& each : calls)
    if (each.over) BOOST_TEST(each.as<process_terminated>().cause() == cause::start_failed);
  BOOST_TEST(workers.stats().completed >= 1u);
}

BOOST_AUTO_TEST_CASE(too_much_work_is_refused) {
  pool_options options = options_for(1);
  options.max_queue = 2;
  const pool workers(io, options);
  std::array<ending, 3> taken;
  std::array<ending, 2> refused;
  for (ending& each : taken) workers.call<&pass_gate>(held.path(), 1, into(each));
  for (ending& each : refused) workers.call<&echo>(2, into(each));
  for (const ending& each : refused) {
    run_until_over(io, each);
    const auto& error = each.as<glovebox::overloaded>();
    BOOST_TEST((error.code() == glovebox::condition::overloaded));
    const std::string text = error.what();
    BOOST_TEST(text.find("2 calls are waiting") != std::string::npos, text);
    BOOST_TEST(text.find("max_queue") != std::string::npos, text);
  }
  BOOST_TEST(workers.stats().rejected == 2u);
  BOOST_TEST(workers.stats().queued == 2u);
  for (int i = 0; i != 3; ++i) held.open();
  run_until_all_over(io, taken);
  for (const ending& each : taken) BOOST_TEST(!each.failed());
  BOOST_TEST(works(workers));
}

BOOST_AUTO_TEST_CASE(without_a_queue_idle_children_still_take_calls) {
  pool_options options = options_for(2);
  options.max_queue = 0;
  const pool workers(io, options);
  std::array<ending, 2> taken;
  ending refused;
  for (ending& each : taken) workers.call<&pass_gate>(held.path(), 1, into(each));
  workers.call<&echo>(2, into(refused));
  run_until_over(io, refused);
  refused.as<glovebox::overloaded>();
  for (int i = 0; i != 2; ++i) held.open();
  run_until_all_over(io, taken);
  for (const ending& each : taken) BOOST_TEST(!each.failed());
}

// Only calls that ran when their child was killed may fail, and none is lost.
BOOST_AUTO_TEST_CASE(children_killed_at_random) {
  constexpr int calls = 5000, kills = 50;
  pool_options options = options_for(4, 4);
  options.max_retries = 1000;
  options.first_pause = options.longest_pause = 1ms;  // some are killed before they are ready
  const pool workers(io, options);
  std::mt19937 random(20240607);
  int over = 0, succeeded = 0, killed = 0;
  std::vector<ending> all(calls);
  const auto next_kill = [&] { return over >= (killed + 1) * calls / (kills + 1); };
  for (int i = 0; i != calls; ++i) {
    ending& mine = all[static_cast<std::size_t>(i)];
    const int rounds = static_cast<int>(random() % 20'000);
    workers.call<&pid_and_work>(rounds, [&](std::exception_ptr error, int pid) {
      if (mine.over) std::terminate();
      mine = {.over = true, .value = pid, .error = std::move(error)};
      ++over;
      succeeded += !mine.error;
      if (mine.error || !next_kill() || killed == kills) return;
      const process_watch victim(pid);
      killed += victim.alive();
      victim.send(SIGKILL);
    });
  }
  run_until(io, [&] { return over == calls; });
  BOOST_TEST(killed >= kills / 2);
  for (const ending& each : all) {
    if (!each.error) continue;
    const auto& info = each.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::killed_from_outside);
    BOOST_TEST(info.phase == phase::running);
    BOOST_TEST(info.culprit == culprit::unknown);
  }
  BOOST_TEST(calls - succeeded <= killed);
  const auto stats = workers.stats();
  BOOST_TEST(stats.calls == static_cast<std::uint64_t>(calls));
  BOOST_TEST(stats.completed == static_cast<std::uint64_t>(calls));
  BOOST_TEST(stats.queued == 0u);
  BOOST_TEST(stats.running == 0u);
  BOOST_TEST(works(workers));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_test
