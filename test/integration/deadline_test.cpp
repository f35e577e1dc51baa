// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/life.hpp"

#include <unistd.h>
#include <array>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace deadline_test {

using namespace life;
using glovebox::call_options;
using glovebox::call_timeout;
using glovebox::cause;
using glovebox::context;
using glovebox::culprit;
using glovebox::phase;
using glovebox::process_terminated;

// ---- in the child

int executions = 0;

int count_executions(int n) {
  ++executions;
  return n;
}
int executions_so_far(int) {
  return executions;
}
int swallow(const std::vector<char>& all) {
  return static_cast<int>(all.size());
}

// The same function whether it is short or not, so that the child keeps the reply before it.
int perhaps_wait(const std::string& gate_path, int n) {
  return gate_path.empty() ? n : pass_gate(gate_path, n);
}

int loop_for_ever(const std::string& gate_path, bool block_signals) {
  if (block_signals) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
  }
  pass_gate(gate_path, 0);
  for (volatile bool on = true; on;) {
  }
  return 0;
}

int ask_and_hang(const std::function<int(int)>& parent, int n) {
  parent(n);
  wait_for_ever();
}

// When it is told to stop; as of a signal from outside.
int die_when_told(std::stop_token stop) {
  const std::stop_callback told(stop, [] { ::kill(::getpid(), SIGKILL); });
  wait_for_ever();
}

// ---- in the parent

struct world {
  asio::io_context io;
  context ctx{io};
  gate held;

  int executed() {
    ending call;
    ctx.call<&executions_so_far>(0, into(call));
    run_until_over(io, call);
    if (call.error) std::rethrow_exception(call.error);
    return call.value;
  }
  bool works() { return executed() >= 0; }
};

void check_withdrawn(const ending& call, const std::string& method) {
  const auto& error = call.as<call_timeout>();
  BOOST_TEST(error.phase() == phase::queued);
  BOOST_TEST(error.child_alive());
  BOOST_TEST(error.info().cause == cause::deadline);
  BOOST_TEST(error.info().culprit == culprit::no);
  BOOST_TEST(error.info().method == method);
}

void check_killed(const ending& call) {
  const auto& error = call.as<call_timeout>();
  BOOST_TEST(error.phase() == phase::running);
  BOOST_TEST(!error.child_alive());
  BOOST_TEST(error.info().cause == cause::deadline);
  BOOST_TEST(error.info().culprit == culprit::yes);
  BOOST_TEST(error.info().signal_number == SIGKILL);
  BOOST_TEST(error.info().elapsed.count() > 0);
}

constexpr call_options in_a_moment{.timeout = soon, .grace = 1ms};

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_FIXTURE_TEST_CASE(an_unsent_call_is_withdrawn, world) {
  ending running, large, unsent;
  ctx.call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  // More than the channel takes while the child does not read, and than is queued for it.
  ctx.call<&swallow>(std::vector<char>(8 * 1024 * 1024), into(large));
  ctx.with({.timeout = soon}).call<&count_executions>(2, into(unsent));
  run_until_over(io, unsent);
  check_withdrawn(unsent, "deadline_test::count_executions");
  BOOST_TEST(!running.over);
  held.open();
  run_until_over(io, large);
  BOOST_TEST(running.value == 1);
  BOOST_TEST(large.value == 8 * 1024 * 1024);
  BOOST_TEST(executed() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_queued_call_is_withdrawn, world) {
  ending running;
  std::array<ending, 3> queued;
  ending last;
  ctx.call<&pass_gate>(held.path(), 1, into(running));
  for (ending& each : queued) ctx.with(in_a_moment).call<&count_executions>(2, into(each));
  ctx.call<&count_executions>(3, into(last));
  held.wait_for_one();
  run_until_all_over(io, queued);
  for (const ending& each : queued) check_withdrawn(each, "deadline_test::count_executions");
  BOOST_TEST(!running.over);
  held.open();
  run_until_over(io, last);
  BOOST_TEST(running.value == 1);
  BOOST_TEST(last.value == 3);
  BOOST_TEST(executed() == 1);
}

BOOST_AUTO_TEST_CASE(a_call_whose_child_has_not_started_is_withdrawn) {
  asio::io_context io;
  glovebox::context_options options;
  options.method = glovebox::start_method::spawn;
  options.environment = {hang_at_start};
  const context ctx(io, options);
  ending call;
  ctx.with({.timeout = soon}).call<&count_executions>(2, into(call));
  run_until_over(io, call);
  check_withdrawn(call, "deadline_test::count_executions");
  BOOST_TEST(ctx.state() == glovebox::context_state::starting);
}

BOOST_FIXTURE_TEST_CASE(a_running_call_is_killed_with_its_child, world) {
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  ending running;
  std::array<ending, 3> behind;
  ctx.with(in_a_moment).call<&pass_gate>(held.path(), 1, into(running));
  for (ending& each : behind) ctx.call<&echo>(2, into(each));
  held.wait_for_one();
  run_until_over(io, running);
  run_until_all_over(io, behind);
  check_killed(running);
  for (const ending& each : behind) {
    const auto& error = each.as<process_terminated>();
    BOOST_TEST(error.cause() == cause::deadline);
    BOOST_TEST(error.phase() == phase::queued);
    BOOST_TEST(error.culprit() == culprit::no);
  }
  BOOST_TEST(child.ends());
  BOOST_TEST(ctx.state() == glovebox::context_state::terminated);
}

// The deadline passes before the parent even knows the child's pid.
BOOST_FIXTURE_TEST_CASE(a_child_that_nobody_looked_at_is_killed, world) {
  ending running;
  ctx.with({.timeout = 1ms, .grace = 1ms}).call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  run_until_over(io, running);
  check_killed(running);
}

BOOST_FIXTURE_TEST_CASE(run_timeout_does_not_count_waiting, world) {
  make_ready(io, ctx);
  constexpr auto limit = 8 * soon;
  ending first, second;
  ctx.call<&pass_gate>(held.path(), 1, into(first));
  ctx.with({.run_timeout = limit}).call<&echo>(2, into(second));
  held.wait_for_one();
  // It waits longer than it may run.
  asio::steady_timer timer(io, 2 * limit);
  timer.async_wait([&](const glovebox::asio_error_code&) { held.open(); });
  run_until_over(io, second);
  BOOST_TEST(first.value == 1);
  BOOST_TEST(second.value == 2);
}

BOOST_FIXTURE_TEST_CASE(run_timeout_ends_a_call_that_runs_too_long, world) {
  make_ready(io, ctx);
  ending running;
  ctx.with({.run_timeout = soon, .grace = 1ms}).call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  run_until_over(io, running);
  check_killed(running);
  BOOST_TEST((running.info().elapsed >= soon));
}

BOOST_FIXTURE_TEST_CASE(a_call_that_ends_within_its_grace_leaves_the_child_alive, world) {
  make_ready(io, ctx);
  const pid_t child = ctx.pid();
  ending running, behind;
  ctx.with({.timeout = soon, .grace = patience}).call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  ctx.call<&echo>(2, into(behind));
  // Timers run in their order: this one after the deadline.
  asio::steady_timer timer(io, 3 * soon);
  timer.async_wait([&](const glovebox::asio_error_code&) { held.open(); });
  run_until_over(io, behind);
  const auto& error = running.as<call_timeout>();
  BOOST_TEST(error.child_alive());
  BOOST_TEST(error.phase() == phase::finished);
  BOOST_TEST(behind.value == 2);
  BOOST_TEST(works());
  BOOST_TEST(ctx.pid() == child);
}

// What was made ready to look at it has nothing to look at.
BOOST_FIXTURE_TEST_CASE(a_child_that_dies_within_the_grace_of_its_call, world) {
  make_ready(io, ctx);
  ending call;
  ctx.with({.timeout = soon, .grace = 10 * patience}).call<&die_when_told>(into(call));
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::killed_from_outside, call.info().report());
}

BOOST_FIXTURE_TEST_CASE(a_stopped_child_is_killed, world) {
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  ending running;
  ctx.with(in_a_moment).call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  child.send(SIGSTOP);
  held.open();
  run_until_over(io, running);
  // It may just have passed the gate; nothing of it arrives any more.
  BOOST_TEST(!running.as<call_timeout>().child_alive());
  BOOST_TEST(running.info().cause == cause::deadline);
  BOOST_TEST(child.ends());
}

BOOST_FIXTURE_TEST_CASE(an_endless_loop_is_killed, world) {
  make_ready(io, ctx);
  ending running;
  ctx.with(in_a_moment).call<&loop_for_ever>(held.path(), false, into(running));
  held.wait_for_one();
  held.open();
  run_until_over(io, running);
  check_killed(running);
}

BOOST_FIXTURE_TEST_CASE(a_loop_that_blocks_all_signals_is_killed, world) {
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  ending running;
  ctx.with(in_a_moment).call<&loop_for_ever>(held.path(), true, into(running));
  held.wait_for_one();
  held.open();
  run_until_over(io, running);
  check_killed(running);
  BOOST_TEST(child.ends());
}

BOOST_FIXTURE_TEST_CASE(the_earliest_of_several_deadlines_counts, world) {
  make_ready(io, ctx);
  ending running, patient, impatient;
  ctx.with({.timeout = patience}).call<&pass_gate>(held.path(), 1, into(running));
  ctx.with({.timeout = 2 * patience}).call<&echo>(2, into(patient));
  ctx.with({.timeout = soon}).call<&echo>(3, into(impatient));
  held.wait_for_one();
  run_until_over(io, impatient);
  check_withdrawn(impatient, "life::echo");
  BOOST_TEST(!running.over);
  BOOST_TEST(!patient.over);
  held.open();
  run_until_over(io, patient);
  BOOST_TEST(running.value == 1);
  BOOST_TEST(patient.value == 2);
}

// Handlers that take long, or a debugger, stop the parent; what was answered in time is no timeout.
BOOST_FIXTURE_TEST_CASE(calls_answered_while_the_parent_was_busy_are_not_timed_out, world) {
  make_ready(io, ctx);
  std::array<ending, 5> answered;
  ending running;
  asio::post(io, [&] {
    const auto deadline = std::chrono::steady_clock::now() + 4 * soon;
    for (ending& each : answered) ctx.with({.timeout = 4 * soon}).call<&echo>(7, into(each));
    ctx.call<&pass_gate>(held.path(), 1, into(running));
    // The first call is sent at once; the rest when handlers run. So let them.
    asio::post(io, [&, deadline] {
      held.wait_for_one();  // all others were executed before it
      std::this_thread::sleep_until(deadline + 1ms);
    });
  });
  run_until_all_over(io, answered);
  for (const ending& each : answered) {
    BOOST_TEST(!each.failed());
    BOOST_TEST(each.value == 7);
  }
  held.open();
  run_until_over(io, running);
  BOOST_TEST(works());
}

// The child sends replies together, and the next call may be the one that takes long.
BOOST_FIXTURE_TEST_CASE(a_reply_that_a_busy_child_has_not_sent_counts_at_its_deadline, world) {
  make_ready(io, ctx);
  ending warm, first, slow;
  std::array<ending, 3> quick;
  ctx.call<&perhaps_wait>("", 1, into(warm));
  run_until_over(io, warm);
  ctx.call<&perhaps_wait>("", 1, into(first));  // sent alone; the rest in one piece
  for (ending& each : quick) ctx.with({.timeout = 2 * soon}).call<&perhaps_wait>("", 2, into(each));
  ctx.call<&perhaps_wait>(held.path(), 3, into(slow));
  run_until_all_over(io, quick);
  for (const ending& each : quick) {
    BOOST_TEST(!each.failed());
    BOOST_TEST(each.value == 2);
  }
  BOOST_TEST(!slow.over);
  held.open();
  // What was taken early comes along the channel once more, and must not be taken twice.
  run_until_over(io, slow);
  BOOST_TEST(slow.value == 3);
  BOOST_TEST(works());
}

BOOST_FIXTURE_TEST_CASE(a_deadline_that_is_kept_changes_nothing, world) {
  std::vector<ending> calls(200);
  for (ending& each : calls)
    ctx.with({.timeout = patience, .run_timeout = patience}).call<&count_executions>(1, into(each));
  run_until_all_over(io, calls);
  for (const ending& each : calls) BOOST_TEST(!each.failed());
  BOOST_TEST(executed() == 200);
}

// The nested call overruns first, and ends within its grace; that is not the end of the outer
// one's.
BOOST_FIXTURE_TEST_CASE(a_call_around_another_one_that_overran, world) {
  make_ready(io, ctx);
  std::optional<bool> child_lived;
  const auto inside = [this, &child_lived](int n) -> asio::awaitable<int> {
    asio::steady_timer outer_is_late(io, 2 * soon);
    outer_is_late.async_wait([this](const glovebox::asio_error_code&) { held.open(); });
    const call_options at_once{.run_timeout = 1ms, .grace = 10 * soon};
    try {
      co_await ctx.with(at_once).call<&pass_gate>(held.path(), n);
    } catch (const call_timeout& late) {
      child_lived = late.child_alive() && late.phase() == phase::finished;
    }
    co_return n;
  };
  ending outer;
  ctx.with({.timeout = soon, .grace = 11 * soon}).call<&ask_and_hang>(inside, 1, into(outer));
  run_until_over(io, outer);
  check_killed(outer);
  BOOST_TEST((child_lived == true));
}

// ---- calls that were given up

struct given_up : world {
  asio::cancellation_signal signal;
  ending call;

  void give_up(const call_options& options, glovebox::on_abandon how) {
    make_ready(io, ctx);
    call_options all = options;
    all.on_abandon = how;
    ctx.with(all).call<&pass_gate>(held.path(), 1,
                                   asio::bind_cancellation_slot(signal.slot(), into(call)));
    held.wait_for_one();
    io.poll();  // a deadline may have passed
    signal.emit(asio::cancellation_type::terminal);
    run_until_over(io, call);
    BOOST_TEST((call.as<glovebox::asio_system_error>().code() == asio::error::operation_aborted));
  }
};

BOOST_AUTO_TEST_CASE(one_that_runs_on_is_killed_at_its_deadline) {
  for (const auto how : {glovebox::on_abandon::ignore, glovebox::on_abandon::stop})
    for (const call_options& options : {call_options{.timeout = soon, .grace = 1ms},
                                        call_options{.run_timeout = soon, .grace = 1ms}}) {
      given_up by;
      by.give_up(options, how);
      const process_watch child(by.ctx.pid());
      ending behind;
      by.ctx.call<&echo>(2, into(behind));
      run_until_over(by.io, behind);
      const auto& error = behind.as<process_terminated>();
      BOOST_TEST(error.cause() == cause::deadline);
      BOOST_TEST(error.phase() == phase::queued);
      BOOST_TEST(error.culprit() == culprit::no);
      BOOST_TEST(child.ends());
    }
}

BOOST_AUTO_TEST_CASE(its_deadline_holds_when_it_was_given_up_in_its_grace) {
  given_up by;
  by.give_up({.timeout = 1ns, .grace = soon}, glovebox::on_abandon::stop);
  const process_watch child(by.ctx.pid());
  run_to_the_end(by.io);
  BOOST_TEST(child.ends());
}

BOOST_AUTO_TEST_CASE(one_that_ends_in_time_changes_nothing) {
  given_up by;
  by.give_up({.timeout = patience, .run_timeout = patience}, glovebox::on_abandon::stop);
  by.held.open();
  run_to_the_end(by.io);  // it is not waited for any longer
  BOOST_TEST(by.works());
}

BOOST_AUTO_TEST_SUITE_END()

// The parent sees that the call has started, and the child that it should not: of 50,000 calls,
// one.
BOOST_AUTO_TEST_CASE(calls_that_start_when_their_deadline_passes) {
  asio::io_context io;
  const context ctx(io);
  int left = 100'000 / glovebox::test::time_scale, wrong = 0;
  std::string why;
  const std::function<void()> next = [&] {
    if (left-- <= 0 || wrong != 0) return;
    const std::chrono::nanoseconds timeout(5000 + left * 7919LL % 55'000);
    ctx.with({.timeout = timeout, .grace = patience})
        .call<&echo>(1, [&](const std::exception_ptr& error, int) {
          try {
            if (error) std::rethrow_exception(error);
          } catch (const call_timeout&) {
          } catch (const std::exception& other) {
            ++wrong;
            why = other.what();
          }
          next();
        });
  };
  for (int i = 0; i != 4; ++i) next();
  run_to_the_end(io);
  BOOST_TEST(wrong == 0, why);
}

}  // namespace deadline_test
