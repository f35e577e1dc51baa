// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Faults on purpose: each is what it says, and hits the call that was chosen, and no other.
#include "integration/pool_fixture.hpp"

#include <glovebox/testing.hpp>

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <memory>

namespace testing_test {

using namespace pool_test;
using glovebox::call_timeout;
using glovebox::cause;
using glovebox::context;
using glovebox::context_options;
using glovebox::culprit;
using glovebox::phase;
using glovebox::pool;
using glovebox::pool_options;
using glovebox::termination;
using glovebox::testing::fault;
using glovebox::testing::fault_plan;

context_options with(const std::shared_ptr<fault_plan>& faults) {
  context_options options;
  options.standard_error = glovebox::output::capture;
  options.faults = faults;
  return options;
}

BOOST_FIXTURE_TEST_SUITE(testing_test, world)

// One call after another, of which the third goes wrong.
struct outcome_of {
  fault what;
  glovebox::cause cause;
  glovebox::phase phase;
  int signal;
};
std::ostream& operator<<(std::ostream& out, const outcome_of& one) {
  return out << to_string(one.what);
}
const std::array<outcome_of, 6> deaths{{
    {fault::kill, cause::killed_from_outside, phase::running, SIGKILL},
    {fault::crash, cause::signal, phase::running, SIGSEGV},
    {fault::exit, cause::exit, phase::running, 0},
    {fault::truncate, cause::killed_from_outside, phase::running, SIGKILL},
    {fault::corrupt, cause::protocol_violation, phase::running, 0},
    {fault::close, cause::protocol_violation, phase::running, 0},
}};

BOOST_DATA_TEST_CASE(a_fault_that_ends_the_child, boost::unit_test::data::make(deaths), expected) {
  const auto faults = std::make_shared<fault_plan>();
  faults->at_call(3, expected.what);
  const context child(io, with(faults));
  for (int i = 1; i != 3; ++i) {
    ending call;
    child.call<&echo>(i, into(call));
    run_until_over(io, call);
    BOOST_TEST(call.value == i);
  }
  ending hit, behind;
  child.call<&echo>(3, into(hit));
  child.call<&mark>(file, 4, into(behind));
  run_until_over(io, hit);
  run_until_over(io, behind);
  const termination& info = hit.info();
  BOOST_TEST(info.cause == expected.cause, info.report());
  BOOST_TEST(info.phase == expected.phase, info.report());
  if (expected.signal != 0) BOOST_TEST(info.signal_number == expected.signal);
  BOOST_TEST(behind.failed());
  BOOST_TEST(behind.info().phase == phase::queued, behind.info().report());
  BOOST_TEST(marks(file).empty());
  BOOST_TEST(faults->calls() == 4u);
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(a_hang_meets_its_deadline) {
  const auto faults = std::make_shared<fault_plan>();
  faults->at_call(1, fault::hang);
  const context child(io, with(faults));
  make_ready(io, child);  // it is not the start that is to be late
  ending call;
  child.with({.run_timeout = soon, .grace = 1ms}).call<&mark>(file, 1, into(call));
  run_until_over(io, call);
  BOOST_TEST(!call.as<call_timeout>().child_alive());
  BOOST_TEST(call.as<call_timeout>().info().culprit == culprit::yes);
  BOOST_TEST(marks(file).empty());
}

BOOST_AUTO_TEST_CASE(a_lost_answer_meets_its_deadline) {
  const auto faults = std::make_shared<fault_plan>();
  faults->at_call(1, fault::drop);
  const context child(io, with(faults));
  make_ready(io, child);  // it is not the start that is to be late
  ending lost, next;
  child.with({.timeout = 10 * soon}).call<&mark>(file, 1, into(lost));
  child.call<&echo>(2, into(next));
  run_until_over(io, next);
  BOOST_TEST(next.value == 2);
  run_until_over(io, lost);
  lost.as<call_timeout>();
  BOOST_TEST(marks(file) == std::vector<int>{1});
}

BOOST_AUTO_TEST_CASE(a_call_that_was_cancelled_leaves_its_fault_to_nobody) {
  const auto faults = std::make_shared<fault_plan>();
  faults->at_call(2, fault::kill);
  const context child(io, with(faults));
  make_ready(io, child);
  ending running, cancelled, next;
  asio::cancellation_signal signal;
  child.call<&pass_gate>(held.path(), 1, into(running));
  child.call<&mark>(file, 2, asio::bind_cancellation_slot(signal.slot(), into(cancelled)));
  child.call<&echo>(3, into(next));
  held.wait_for_one();
  run_until(io, [&] { return faults->calls() == 3; });
  signal.emit(asio::cancellation_type::terminal);
  run_until_over(io, cancelled);
  held.open();
  run_until_over(io, next);
  BOOST_TEST(running.value == 1);
  BOOST_TEST(next.value == 3);
  BOOST_TEST(marks(file).empty());
}

// Of calls that handlers make one after another, the first wait for the last.
BOOST_AUTO_TEST_CASE(calls_held_back_end_with_their_context) {
  std::array<ending, 3> first;
  ending held_back;
  const gate shut;  // so it does not end well either when it was sent for once
  auto child = std::make_unique<context>(io);
  make_ready(io, *child);
  child->call<&pass_gate>(held.path(), 1, [&](std::exception_ptr error, int value) {
    into(first[0])(std::move(error), value);
    child->call<&pass_gate>(shut.path(), 4, into(held_back));
  });
  child->call<&echo>(2, [&](std::exception_ptr error, int value) {
    into(first[1])(std::move(error), value);
    child.reset();
  });
  child->call<&echo>(3, into(first[2]));
  held.open();
  run_until_over(io, held_back);
  run_until_all_over(io, first);
  BOOST_TEST(held_back.failed());
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(slow_calls_are_slow) {
  for (const fault what : {fault::slow, fault::delay}) {
    const auto faults = std::make_shared<fault_plan>();
    faults->at_call(2, what, soon);
    const context child(io, with(faults));
    make_ready(io, child);
    const auto begin = std::chrono::steady_clock::now();
    std::array<ending, 3> calls;
    for (ending& each : calls) child.call<&echo>(1, into(each));
    run_until_all_over(io, calls);
    for (const ending& each : calls) BOOST_TEST(!each.error);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= soon));
  }
}

BOOST_AUTO_TEST_CASE(children_that_cannot_be_started) {
  for (const int error : {EAGAIN, EMFILE}) {
    const auto faults = std::make_shared<fault_plan>();
    faults->at_start(1, error);
    const context child(io, with(faults));
    ending call;
    child.call<&echo>(1, into(call));
    run_until_over(io, call);
    BOOST_TEST(call.info().cause == cause::start_failed);
    BOOST_TEST(call.info().error_number == error);
    BOOST_TEST(call.info().phase == phase::queued);
  }
}

BOOST_AUTO_TEST_CASE(a_pool_recovers) {
  const auto faults = std::make_shared<fault_plan>();
  faults->at_every(5, fault::kill);
  faults->at_call(7, fault::corrupt);
  faults->at_start(2, EAGAIN);
  pool_options options = options_for(2);
  options.child.faults = faults;
  options.first_pause = 1ms;
  const pool workers(io, options);
  int failed = 0;
  for (int i = 1; i <= 20; ++i) {
    ending call;
    workers.call<&echo>(i, into(call));
    run_until_over(io, call);
    failed += call.failed();
    if (!call.failed()) BOOST_TEST(call.value == i);
  }
  BOOST_TEST(failed == 5);  // 5, 7, 10, 15, 20
  BOOST_TEST(faults->calls() == 20u);
  BOOST_TEST(faults->starts() >= 6u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace testing_test
