// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Pools in a server: limits, poison, prepared and checked children, leases, and what is told of
// calls.
#include "integration/pool_fixture.hpp"

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace pool_test {

using glovebox::call_timeout;
using glovebox::context;
using glovebox::lease;
using glovebox::overloaded;
using glovebox::pool;
using glovebox::pool_call_event;
using glovebox::pool_options;
using glovebox::process_terminated;
using glovebox::state_error;

// ---- in the child

int state = 0;
int set_state(int n) {
  return std::exchange(state, n);
}
int get_state() {
  return state;
}
int abort_on_seven(int n) {
  if (n == 7) std::abort();
  return n;
}
int hang_on_seven(int n) {
  if (n == 7) wait_for_ever();
  return n;
}
int fail_if_sick() {
  if (state == 13) throw std::runtime_error("sick");
  if (state == 14) wait_for_ever();
  if (state == 15) std::abort();
  return state;
}

// ---- in the parent

template <auto F, class... A>
ending after(asio::io_context& io, const pool& workers, A... arguments) {
  ending call;
  workers.call<F>(arguments..., into(call));
  run_until_over(io, call);
  return call;
}

struct leasing {
  bool over = false;
  std::exception_ptr error;
  lease held;
};
auto into(leasing& to) {
  return [&to](std::exception_ptr error, lease got) {
    to.error = std::move(error);
    to.held = std::move(got);
    to.over = true;
  };
}
void run_until_over(asio::io_context& io, const leasing& what) {
  run_until(io, [&] { return what.over; });
}

BOOST_FIXTURE_TEST_SUITE(pool_service, world)

// ---- limits

BOOST_AUTO_TEST_CASE(a_call_waits_for_a_child_only_so_long) {
  pool_options options = options_for(1);
  options.queue_timeout = soon;
  const pool workers(io, options);
  ending running, late;
  workers.call<&pass_gate>(held.path(), 1, into(running));
  workers.call<&mark>(file, 2, into(late));
  run_until_over(io, late);
  late.as<overloaded>();
  BOOST_TEST(!running.over);  // its own time is no matter of the queue's
  held.open();
  run_until_over(io, running);
  BOOST_TEST(running.value == 1);
  BOOST_TEST(marks(file).empty());
  BOOST_TEST(workers.stats().rejected == 1u);
  BOOST_TEST(works(workers));
}

BOOST_AUTO_TEST_CASE(children_are_replaced_after_so_many_calls) {
  pool_options options = options_for(1);
  options.calls_per_life = 3;
  const pool workers(io, options);
  std::vector<int> pids;
  for (int i = 0; i != 7; ++i) pids.push_back(after<&own_pid>(io, workers).value);
  BOOST_TEST(pids[0] == pids[2]);
  BOOST_TEST(pids[2] != pids[3]);
  BOOST_TEST(pids[3] == pids[5]);
  BOOST_TEST(pids[5] != pids[6]);
  BOOST_TEST(workers.stats().recycled == 2u);
  BOOST_TEST(workers.stats().terminated == 0u);
}

BOOST_AUTO_TEST_CASE(a_worn_out_child_ends_its_calls_first) {
  pool_options options = options_for(1, 2);
  options.calls_per_life = 2;
  const pool workers(io, options);
  std::array<ending, 5> calls;
  for (ending& each : calls) workers.call<&own_pid>(into(each));
  run_until_all_over(io, calls);
  std::multiset<int> pids;
  for (const ending& each : calls) {
    BOOST_TEST(!each.error);
    pids.insert(each.value);
  }
  BOOST_TEST(pids.count(calls[0].value) == 2u);
  BOOST_TEST(std::set<int>(pids.begin(), pids.end()).size() == 3u);
}

BOOST_AUTO_TEST_CASE(deaths_beyond_the_budget_wait_for_the_window) {
  pool_options options = options_for(1);
  options.restart_budget = 1;
  options.restart_window = 5 * soon;
  const pool workers(io, options);
  BOOST_TEST(works(workers));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i != 2; ++i) after<&abort_now>(io, workers, 1).as<process_terminated>();
  BOOST_TEST(works(workers));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= options.restart_window));
}

BOOST_AUTO_TEST_CASE(stop_waits_only_so_long) {
  pool_options options = options_for(1);
  options.drain_timeout = soon;
  const pool workers(io, options);
  ending running, waiting, stopped, refused;
  workers.call<&pass_gate>(held.path(), 1, into(running));
  workers.call<&echo>(2, into(waiting));
  workers.stop(end_of(stopped));
  workers.call<&echo>(3, into(refused));
  run_until_over(io, stopped);
  BOOST_TEST(!stopped.error);
  BOOST_TEST((running.info().cause == glovebox::cause::killed_by_owner));
  BOOST_TEST((waiting.info().phase == glovebox::phase::queued));
  refused.as<state_error>();
  run_to_the_end(io);
}

// ---- poison

BOOST_AUTO_TEST_CASE(a_call_that_has_killed_children_is_not_run_again) {
  pool_options options = options_for(2);
  options.poison_after = 2;
  const pool workers(io, options);
  for (int i = 0; i != 2; ++i) {
    const ending killed = after<&abort_on_seven>(io, workers, 7);
    BOOST_TEST(killed.info().refused_after == 0u);
  }
  const auto dead = workers.stats().terminated;
  const ending refused = after<&abort_on_seven>(io, workers, 7);
  BOOST_TEST(refused.info().refused_after == 2u);
  BOOST_TEST(refused.info().signal_number == SIGABRT);
  BOOST_TEST(refused.info().summary().find("not run") != std::string::npos,
             refused.info().summary());
  BOOST_TEST(refused.info().report().find("not run") != std::string::npos);
  BOOST_TEST((glovebox::error_of(refused.error).code != glovebox::condition::retryable));
  BOOST_TEST(workers.stats().terminated == dead);
  BOOST_TEST(workers.stats().poisonous == 1u);
  BOOST_TEST(after<&abort_on_seven>(io, workers, 8).value == 8);
  BOOST_TEST(after<&hang_on_seven>(io, workers.with({.timeout = patience}), 6).value == 6);
}

BOOST_AUTO_TEST_CASE(one_that_waits_already_is_not_run_either) {
  pool_options options = options_for(1);
  options.poison_after = 1;
  const pool workers(io, options);
  std::array<ending, 4> calls;
  for (ending& each : calls) workers.call<&abort_on_seven>(7, into(each));
  run_until_all_over(io, calls);
  BOOST_TEST(calls[0].info().refused_after == 0u);
  for (std::size_t i = 1; i != calls.size(); ++i) BOOST_TEST(calls[i].info().refused_after == 1u);
  BOOST_TEST(workers.stats().terminated == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_hangs_is_poison_as_well) {
  pool_options options = options_for(1);
  options.poison_after = 1;
  const pool workers = pool(io, options);
  const auto hurried = workers.with({.run_timeout = soon, .grace = 1ms});
  after<&hang_on_seven>(io, hurried, 7).as<call_timeout>();
  const ending refused = after<&hang_on_seven>(io, workers, 7);
  BOOST_TEST(refused.as<call_timeout>().info().refused_after == 1u);
}

BOOST_AUTO_TEST_CASE(poison_is_forgotten) {
  pool_options options = options_for(1);
  options.poison_after = 1;
  options.poison_time = soon;
  const pool workers(io, options);
  after<&abort_on_seven>(io, workers, 7).as<process_terminated>();
  const auto begin = std::chrono::steady_clock::now();
  while (after<&abort_on_seven>(io, workers, 7).info().refused_after != 0)
    BOOST_REQUIRE((std::chrono::steady_clock::now() - begin < patience));
  BOOST_TEST(workers.stats().terminated == 2u);
}

// ---- prepared and checked children

BOOST_AUTO_TEST_CASE(children_are_prepared_before_their_calls) {
  pool_options options = options_for(2);
  options.prepare = [](context child) -> asio::awaitable<void> {
    co_await child.call<&set_state>(42);
  };
  const pool workers(io, options);
  std::array<ending, 6> calls;
  for (ending& each : calls) workers.call<&get_state>(into(each));
  run_until_all_over(io, calls);
  for (const ending& each : calls) BOOST_TEST(each.value == 42);
  after<&abort_now>(io, workers, 1).as<process_terminated>();
  for (int i = 0; i != 4; ++i) BOOST_TEST(after<&get_state>(io, workers).value == 42);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_prepared_ends_what_waits) {
  for (const bool crashes : {false, true}) {
    pool_options options = options_for(1);
    options.max_retries = 2;
    options.first_pause = 1ms;
    int tries = 0;
    options.prepare = [&tries, crashes](context child) -> asio::awaitable<void> {
      ++tries;
      if (crashes) co_await child.call<&abort_now>(1);
      throw std::runtime_error("no model");
    };
    const pool workers(io, options);
    const ending failed = after<&echo>(io, workers, 1);
    if (crashes)
      BOOST_TEST(failed.info().signal_number == SIGABRT);
    else
      BOOST_TEST(failed.as<std::runtime_error>().what() == "no model");
    BOOST_TEST(tries == 3);
    BOOST_TEST(workers.stats().unwell == 3u);
  }
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_prepared_is_no_matter_while_another_works) {
  pool_options options = options_for(2);
  options.first_pause = options.longest_pause = 1ms;
  int tries = 0;
  options.prepare = [&tries](context) -> asio::awaitable<void> {
    if (tries++ != 0) throw std::runtime_error("no model");
    co_return;
  };
  const pool workers(io, options);
  ending running, waiting;
  workers.call<&pass_gate>(held.path(), 1, into(running));
  run_until(io, [&] { return workers.stats().unwell == 1; });
  workers.call<&echo>(2, into(waiting));
  run_until(io, [&] { return workers.stats().unwell > 6; });
  BOOST_TEST(!waiting.over);
  held.open();
  run_until_over(io, waiting);
  BOOST_TEST(waiting.value == 2);
  BOOST_TEST(running.value == 1);
}

BOOST_AUTO_TEST_CASE(prepare_may_throw_before_its_first_call) {
  pool_options options = options_for(1);
  options.max_retries = 0;
  options.prepare = [](context) -> asio::awaitable<void> { throw std::logic_error("at once"); };
  const pool workers(io, options);
  BOOST_TEST(after<&echo>(io, workers, 1).as<std::logic_error>().what() == "at once");
}

BOOST_AUTO_TEST_CASE(children_that_are_not_well_are_replaced) {
  for (const int illness : {13, 14, 15}) {  // it says so, it hangs, it crashes
    pool_options options = options_for(1);
    options.check_interval = soon / 4;
    options.check_timeout = 1s * glovebox::test::time_scale;  // a busy machine is not ill
    options.check = [](context child) -> asio::awaitable<void> {
      co_await child.call<&fail_if_sick>();
    };
    const pool workers(io, options);
    const int well = after<&own_pid>(io, workers).value;
    after<&set_state>(io, workers, 1);
    run_until(io, [until = std::chrono::steady_clock::now() + 2 * soon] {
      return std::chrono::steady_clock::now() > until;
    });
    BOOST_TEST(after<&own_pid>(io, workers).value == well);
    BOOST_TEST(workers.stats().unwell == 0u);
    after<&set_state>(io, workers, illness);
    run_until(io, [&] { return workers.stats().unwell == 1; });
    BOOST_TEST(after<&own_pid>(io, workers).value != well);
    BOOST_TEST(after<&get_state>(io, workers).value == 0);
    ending stopped;
    workers.stop(end_of(stopped));
    run_to_the_end(io);
    BOOST_TEST(stopped.over);
  }
}

// ---- leases

BOOST_AUTO_TEST_CASE(a_lease_is_a_child_for_oneself) {
  const pool workers(io, options_for(1));
  leasing mine;
  workers.lease(into(mine));
  run_until_over(io, mine);
  BOOST_TEST(!mine.error);
  ending set, others;
  mine.held.child().call<&set_state>(5, into(set));
  workers.call<&get_state>(into(others));
  run_until_over(io, set);
  ending seen;
  mine.held.child().call<&get_state>(into(seen));
  run_until_over(io, seen);
  BOOST_TEST(seen.value == 5);
  BOOST_TEST(!others.over);
  BOOST_TEST(workers.stats().leased == 1u);
  const pid_t used = mine.held.child().pid();
  mine.held = lease();  // dirty
  run_until_over(io, others);
  BOOST_TEST(others.value == 0);
  BOOST_TEST(after<&own_pid>(io, workers).value != used);
  BOOST_TEST(workers.stats().leased == 0u);
  BOOST_TEST(workers.stats().terminated == 0u);
}

BOOST_AUTO_TEST_CASE(a_lease_given_back_keeps_its_child) {
  const pool workers(io, options_for(1, 4));
  std::array<ending, 3> before;
  for (ending& each : before) workers.call<&own_pid>(into(each));
  leasing mine;
  workers.lease(into(mine));
  std::array<ending, 3> behind;
  for (ending& each : behind) workers.call<&own_pid>(into(each));
  run_until_over(io, mine);
  for (const ending& each : before) BOOST_TEST(each.over);
  for (const ending& each : behind) BOOST_TEST(!each.over);
  mine.held.give_back();
  mine.held.give_back();
  BOOST_TEST((mine.held.child().state() == glovebox::context_state::not_started));
  run_until_all_over(io, behind);
  for (const ending& each : behind) BOOST_TEST(each.value == before[0].value);
}

BOOST_AUTO_TEST_CASE(calls_through_a_lease_wear_its_child_out) {
  pool_options options = options_for(1);
  options.calls_per_life = 3;
  const pool workers(io, options);
  const int first = after<&own_pid>(io, workers).value;
  for (const int expected_recycled : {0, 1}) {
    leasing mine;
    workers.lease(into(mine));
    run_until_over(io, mine);
    ending call;
    mine.held.child().call<&own_pid>(into(call));
    run_until_over(io, call);
    BOOST_TEST(call.value == first);
    mine.held.give_back();
    BOOST_TEST(workers.stats().recycled == static_cast<std::uint64_t>(expected_recycled));
  }
  BOOST_TEST(after<&own_pid>(io, workers).value != first);
  BOOST_TEST(workers.stats().terminated == 0u);
}

BOOST_AUTO_TEST_CASE(a_leased_child_dies) {
  const pool workers(io, options_for(1));
  leasing mine;
  workers.lease(into(mine));
  run_until_over(io, mine);
  ending killed;
  mine.held.child().call<&abort_now>(1, into(killed));
  run_until_over(io, killed);
  BOOST_TEST(killed.info().signal_number == SIGABRT);
  mine.held.give_back();
  BOOST_TEST(works(workers));
}

BOOST_AUTO_TEST_CASE(a_lease_is_waited_for_like_a_call) {
  pool_options options = options_for(1);
  options.queue_timeout = soon;
  const pool workers(io, options);
  ending running;
  workers.call<&pass_gate>(held.path(), 1, into(running));
  leasing late, cancelled;
  workers.lease(into(late));
  asio::cancellation_signal signal;
  workers.lease(asio::bind_cancellation_slot(signal.slot(), into(cancelled)));
  signal.emit(asio::cancellation_type::total);
  run_until_over(io, cancelled);
  BOOST_CHECK_THROW(std::rethrow_exception(cancelled.error), glovebox::asio_system_error);
  run_until_over(io, late);
  BOOST_CHECK_THROW(std::rethrow_exception(late.error), overloaded);
  held.open();
  run_until_over(io, running);
  leasing none;
  pool().lease(asio::bind_executor(io, into(none)));
  run_until_over(io, none);
  BOOST_CHECK_THROW(std::rethrow_exception(none.error), state_error);
}

BOOST_AUTO_TEST_CASE(a_pool_stops_when_its_leases_have_ended) {
  const pool workers(io, options_for(1));
  leasing mine;
  workers.lease(into(mine));
  run_until_over(io, mine);
  ending stopped, call;
  workers.stop(end_of(stopped));
  mine.held.child().call<&echo>(3, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.value == 3);
  BOOST_TEST(!stopped.over);
  mine.held.give_back();
  run_until_over(io, stopped);
}

BOOST_AUTO_TEST_CASE(a_lease_outlives_its_pool) {
  leasing mine;
  {
    const pool workers(io, options_for(1));
    workers.lease(into(mine));
    run_until_over(io, mine);
  }
  ending call;
  mine.held.child().call<&echo>(3, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.failed());
  mine.held.give_back();
  run_to_the_end(io);
}

// ---- what is told

BOOST_AUTO_TEST_CASE(calls_are_told_of) {
  std::vector<pool_call_event> told;
  pool_options options = options_for(1);
  options.max_queue = 1;
  options.on_call = [&told](const pool_call_event& event) { told.push_back(event); };
  const pool workers(io, options);
  ending running, waiting, rejected;
  workers.call<&abort_now>(1, into(running));
  workers.call<&echo>(2, into(waiting));
  workers.call<&echo>(3, into(rejected));
  run_until_over(io, waiting);
  run_until(io, [&] { return told.size() == 5; });
  using kind = pool_call_event::kind;
  const auto is = [&](std::size_t at, kind what, std::uint64_t call, bool failed) {
    BOOST_TEST((told[at].what == what), at);
    BOOST_TEST(told[at].call == call, at);
    BOOST_TEST((told[at].error != nullptr) == failed, at);
  };
  is(0, kind::started, 1, false);
  is(1, kind::refused, 3, true);
  is(2, kind::ended, 1, true);
  is(3, kind::started, 2, false);
  is(4, kind::ended, 2, false);
  BOOST_TEST(told[0].method == "life::abort_now");
  BOOST_TEST(told[2].child == running.info().pid);
  BOOST_TEST(told[1].child == 0);
  BOOST_TEST((told[2].ran > 0ns));
  BOOST_TEST((told[4].waited > 0ns));
  // A new child's first answer may overtake the fork server's message that says who it is.
  const auto begin = std::chrono::steady_clock::now();
  while (told.back().child == 0 && std::chrono::steady_clock::now() - begin < patience) {
    const std::size_t before = told.size();
    after<&echo>(io, workers, 4);
    run_until(io, [&] { return told.size() == before + 2; });
  }
  BOOST_TEST(told.back().child != 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_test
