// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Pools: calls that are withdrawn or late, and the end of the pool itself.
#include "integration/pool_fixture.hpp"

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <boost/test/unit_test.hpp>
#include <exception>
#include <optional>
#include <system_error>

namespace pool_test {

using glovebox::call_timeout;
using glovebox::cause;
using glovebox::culprit;
using glovebox::phase;
using glovebox::pool;
using glovebox::process_terminated;

void check_aborted(const ending& call) {
  BOOST_TEST((call.as<glovebox::asio_system_error>().code() == asio::error::operation_aborted));
}

BOOST_FIXTURE_TEST_SUITE(pool_life, world)

BOOST_AUTO_TEST_CASE(a_waiting_call_is_cancelled_by_every_level) {
  for (const auto type : {asio::cancellation_type::total, asio::cancellation_type::partial,
                          asio::cancellation_type::terminal}) {
    const pool workers(io, options_for(1));
    ending running, waiting, other;
    asio::cancellation_signal signal;
    workers.call<&pass_gate>(held.path(), 1, into(running));
    workers.call<&mark>(file, 1, asio::bind_cancellation_slot(signal.slot(), into(waiting)));
    workers.call<&echo>(2, into(other));
    held.wait_for_one();
    BOOST_TEST(workers.stats().queued == 2u);
    signal.emit(type);
    BOOST_TEST(!waiting.over);
    run_until_over(io, waiting);
    check_aborted(waiting);
    BOOST_TEST(workers.stats().queued == 1u);
    BOOST_TEST(!running.over);
    held.open();
    run_until_over(io, other);
    BOOST_TEST(running.value == 1);
    BOOST_TEST(other.value == 2);
  }
  BOOST_TEST(marks(file).empty());
}

BOOST_AUTO_TEST_CASE(a_running_call_is_cancelled_and_its_child_lives) {
  const pool workers(io, options_for(1));
  BOOST_TEST(works(workers));
  ending running, behind;
  asio::cancellation_signal signal;
  workers.call<&pass_gate>(held.path(), 1,
                           asio::bind_cancellation_slot(signal.slot(), into(running)));
  held.wait_for_one();
  signal.emit(asio::cancellation_type::total);  // promises what cannot be promised any more
  workers.call<&echo>(2, into(behind));
  io.restart();
  io.poll();
  BOOST_TEST(!running.over);
  signal.emit(asio::cancellation_type::terminal);
  run_until_over(io, running);
  check_aborted(running);
  held.open();
  run_until_over(io, behind);
  BOOST_TEST(behind.value == 2);
  BOOST_TEST(workers.stats().started == 1u);
  BOOST_TEST(workers.stats().terminated == 0u);
  BOOST_TEST(works(workers));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_passes_while_waiting_for_a_child) {
  const pool workers(io, options_for(1));
  ending running;
  std::array<ending, 3> waiting;
  workers.call<&pass_gate>(held.path(), 1, into(running));
  for (ending& each : waiting) workers.with({.timeout = soon}).call<&mark>(file, 1, into(each));
  run_until_all_over(io, waiting);
  for (const ending& each : waiting) {
    const auto& error = each.as<call_timeout>();
    BOOST_TEST(error.phase() == phase::queued);
    BOOST_TEST(error.child_alive());
    BOOST_TEST(error.info().method == "life::mark");
  }
  BOOST_TEST(!running.over);
  held.open();
  run_until_over(io, running);
  BOOST_TEST(works(workers));
  BOOST_TEST(marks(file).empty());
  BOOST_TEST(workers.stats().terminated == 0u);
}

BOOST_AUTO_TEST_CASE(a_deadline_covers_waiting_and_running) {
  const pool workers(io, options_for(1));
  BOOST_TEST(works(workers));
  ending first, second, third;
  workers.call<&pass_gate>(held.path(), 1, into(first));
  workers.with({.timeout = 4 * soon, .grace = 1ms}).call<&pass_gate>(held.path(), 2, into(second));
  workers.call<&echo>(3, into(third));
  held.wait_for_one();
  held.open();  // for the first one only
  run_until_over(io, second);
  run_until_over(io, third);
  BOOST_TEST(first.value == 1);
  second.as<call_timeout>();
  BOOST_TEST(third.value == 3);
}

BOOST_AUTO_TEST_CASE(stop_lets_the_calls_end) {
  const pool workers(io, options_for(2));
  std::array<ending, 6> calls;
  ending stop, late, again;
  for (ending& each : calls) workers.call<&pid_after_gate>(held.path(), into(each));
  workers.stop(end_of(stop));
  workers.call<&echo>(1, into(late));
  run_until_over(io, late);
  late.as<glovebox::state_error>();
  BOOST_TEST(!stop.over);
  for (std::size_t i = 0; i != calls.size(); ++i) held.open();
  run_until_over(io, stop);
  BOOST_TEST(!stop.failed());
  run_to_the_end(io);  // whoever was not known of yet is killed, too
  for (const ending& each : calls) {
    BOOST_TEST(each.over);
    BOOST_TEST(!each.failed());
    BOOST_TEST(process_watch(each.value).ends());
  }
  workers.stop(end_of(again));
  run_until_over(io, again);
  BOOST_TEST(workers.stats().completed == 6u);
  BOOST_TEST(workers.stats().children == 0u);
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(stop_replaces_children_that_die_meanwhile) {
  const pool workers(io, options_for(1, 4));
  ending first, fatal, stop;
  std::array<ending, 6> behind;
  workers.call<&pass_gate>(held.path(), 1, into(first));
  workers.call<&mark_and_die>(file, 1, into(fatal));
  for (ending& each : behind) workers.call<&mark>(file, 2, into(each));
  workers.stop(end_of(stop));
  held.open();
  run_until_over(io, stop);
  for (const ending& each : behind) {
    BOOST_TEST(each.over);
    BOOST_TEST(!each.failed());
  }
  BOOST_TEST(count(marks(file), 1) == 1);
  BOOST_TEST(count(marks(file), 2) == 6);
}

BOOST_AUTO_TEST_CASE(destroyed_with_calls_pending) {
  auto workers = std::make_optional<pool>(io, options_for(2, 2));
  std::array<ending, 10> calls;
  for (ending& each : calls) workers->call<&pass_gate>(held.path(), 1, into(each));
  held.wait_for_one();
  held.wait_for_one();
  workers.reset();
  for (const ending& each : calls) BOOST_TEST(!each.over);
  run_until_all_over(io, calls);
  int running = 0;
  for (const ending& each : calls) {
    const auto& info = each.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::killed_by_owner);
    BOOST_TEST(info.culprit == culprit::no);
    running += info.phase == phase::running;
  }
  BOOST_TEST(running == 2);
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(destroyed_inside_a_handler) {
  auto workers = std::make_optional<pool>(io, options_for(2, 4));
  std::array<ending, 20> calls;
  int handled = 0;
  workers->call<&echo>(1, [&](std::exception_ptr, int) {
    ++handled;
    workers.reset();
  });
  for (ending& each : calls) workers->call<&echo>(2, into(each));
  run_until_all_over(io, calls);
  for (const ending& each : calls)
    if (each.error) BOOST_TEST(each.as<process_terminated>().cause() == cause::killed_by_owner);
  BOOST_TEST(handled == 1);
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(an_idle_pool_does_not_keep_run_from_returning) {
  const pool workers(io, options_for(3));
  run_to_the_end(io);
  BOOST_TEST(works(workers));
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(empty_pools_refuse) {
  const pool empty;
  ending call;
  empty.call<&echo>(1, asio::bind_executor(io.get_executor(), into(call)));
  run_until_over(io, call);
  call.as<glovebox::state_error>();
  BOOST_TEST(empty.stats().calls == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_test
