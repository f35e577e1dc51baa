// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"
#include "support/faults.hpp"

#include <glovebox/remote.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lifecycle_test {

using namespace life;
using glovebox::cause;
using glovebox::context;
using glovebox::context_event;
using glovebox::context_options;
using glovebox::context_state;
using glovebox::culprit;
using glovebox::phase;
using glovebox::process_terminated;
using glovebox::start_method;
using glovebox::state_error;

// ---- in the child

struct counter {
  int value = 0;
  int add(int n) { return value += n; }
};

int abort_behind(const std::string& gate_path, const std::string& file) {
  mark(file, own_pid());
  return abort_now(pass_gate(gate_path, 1));
}

std::string repeat(const std::string& text) {
  return text + text;
}

// ---- in the parent

void check_ended_by_owner(const ending& call) {
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::killed_by_owner);
  BOOST_TEST(info.culprit == culprit::no);
}

bool echoes(asio::io_context& io, const context& ctx) {
  ending call;
  ctx.call<&echo>(5, into(call));
  run_until_over(io, call);
  return !call.error && call.value == 5;
}

/// More than the channel takes in both directions, of calls that are all given up.
void leave_unsent(asio::io_context& io, const context& ctx) {
  make_ready(io, ctx);
  std::array<asio::cancellation_signal, 64> signals;
  std::size_t ended = 0;
  for (auto& each : signals)
    ctx.with({.on_abandon = glovebox::on_abandon::ignore})
        .call<&repeat>(std::string(16 * 1024, 'x'),
                       asio::bind_cancellation_slot(
                           each.slot(), [&](std::exception_ptr, const std::string&) { ++ended; }));
  io.restart();
  io.poll();  // they are sent, as far as possible
  for (auto& each : signals) each.emit(asio::cancellation_type::terminal);
  run_until(io, [&] { return ended == signals.size(); });
}

struct world {
  asio::io_context io;
  gate held;
};

BOOST_FIXTURE_TEST_SUITE(lifecycle, world)

BOOST_AUTO_TEST_CASE(destroyed_inside_its_own_handler) {
  auto ctx = std::make_optional<context>(io);
  make_ready(io, *ctx);
  const process_watch child(ctx->pid());
  std::array<ending, 3> pending;
  int handled = 0;
  ctx->call<&echo>(1, [&](std::exception_ptr, int) {
    ++handled;
    ctx.reset();
  });
  ctx->call<&pass_gate>(held.path(), 1, into(pending[0]));
  ctx->call<&echo>(2, into(pending[1]));
  ctx->call<&echo>(3, into(pending[2]));
  run_until_all_over(io, pending);
  BOOST_TEST(handled == 1);
  for (const ending& each : pending) check_ended_by_owner(each);
  BOOST_TEST(child.ends());
  run_to_the_end(io);  // nothing is left that keeps it
}

// The other replies of the same batch have arrived already: they are results.
BOOST_AUTO_TEST_CASE(destroyed_by_the_first_of_many_handlers) {
  auto ctx = std::make_optional<context>(io);
  make_ready(io, *ctx);
  std::array<ending, 50> pending;
  ctx->call<&echo>(1, [&](std::exception_ptr, int) { ctx.reset(); });
  for (ending& each : pending) ctx->call<&echo>(7, into(each));
  run_until_all_over(io, pending);
  for (const ending& each : pending) {
    if (each.error)
      check_ended_by_owner(each);
    else
      BOOST_TEST(each.value == 7);
  }
}

BOOST_AUTO_TEST_CASE(destroyed_with_calls_pending) {
  for (const bool started : {false, true}) {
    auto ctx = std::make_optional<context>(io);
    if (started) make_ready(io, *ctx);
    ending ready;
    std::array<ending, 3> pending;
    ctx->start(end_of(ready));
    ctx->call<&pass_gate>(held.path(), 1, into(pending[0]));
    for (std::size_t i = 1; i != pending.size(); ++i) ctx->call<&echo>(2, into(pending[i]));
    if (started) held.wait_for_one();
    ctx.reset();
    for (const ending& each : pending) BOOST_TEST(!each.over);  // only in the io_context
    run_until_all_over(io, pending);
    run_until_over(io, ready);
    for (const ending& each : pending) check_ended_by_owner(each);
    BOOST_TEST(pending[2].info().phase == phase::queued);
    if (!started) BOOST_TEST(ready.as<process_terminated>().cause() == cause::killed_by_owner);
    run_to_the_end(io);
  }
}

BOOST_AUTO_TEST_CASE(destroyed_on_another_thread) {
  for (int round = 0; round != 20; ++round) {
    auto ctx = std::make_optional<context>(io);
    make_ready(io, *ctx);
    std::array<ending, 20> pending;
    for (ending& each : pending) ctx->call<&echo>(2, into(each));
    std::thread destroyer([&] { ctx.reset(); });
    run_until_all_over(io, pending);
    destroyer.join();
    for (const ending& each : pending)
      if (each.error) check_ended_by_owner(each);
  }
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(destroyed_while_the_io_context_does_not_run) {
  auto ctx = std::make_optional<context>(io);
  make_ready(io, *ctx);
  const process_watch child(ctx->pid());
  BOOST_TEST(child.alive());
  ctx.reset();
  BOOST_TEST(child.ends());
}

BOOST_AUTO_TEST_CASE(handles_outlive_the_io_context) {
  auto own_io = std::make_unique<asio::io_context>();
  const context ctx(*own_io);
  make_ready(*own_io, ctx);
  const process_watch child(ctx.pid());
  auto made = ctx.make<counter>(asio::use_future);
  run_until(*own_io, [&] { return made.wait_for(0s) == std::future_status::ready; });
  const glovebox::remote<counter> object = made.get();
  ending never;
  ctx.call<&pass_gate>(held.path(), 1, into(never));
  held.wait_for_one();
  own_io.reset();
  BOOST_TEST(child.ends());
  BOOST_TEST(!never.over);  // destroyed with its execution context, not called
  BOOST_TEST(ctx.state() == context_state::terminated);
  ctx.kill();
  BOOST_TEST(ctx.stats().open == 0u);
}

BOOST_AUTO_TEST_CASE(stop_lets_calls_finish) {
  const context ctx(io);
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  std::array<ending, 10> calls;
  ending stop, late, again;
  ctx.call<&pass_gate>(held.path(), 7, into(calls[0]));
  for (std::size_t i = 1; i != calls.size(); ++i) ctx.call<&echo>(7, into(calls[i]));
  held.wait_for_one();
  ctx.stop(end_of(stop));
  BOOST_TEST(ctx.state() == context_state::terminating);
  ctx.call<&echo>(8, into(late));
  ctx.stop(end_of(again));
  run_until_over(io, late);
  late.as<state_error>();
  BOOST_TEST(!stop.over);
  held.open();
  run_until_over(io, stop);
  run_until_over(io, again);
  BOOST_TEST(!stop.failed());
  BOOST_TEST(!again.failed());
  for (const ending& each : calls) {
    BOOST_TEST(each.over);
    BOOST_TEST(each.value == 7);
  }
  BOOST_TEST(child.ends());
  BOOST_TEST(ctx.state() == context_state::terminated);
  BOOST_TEST(ctx.ended()->cause == cause::killed_by_owner);
  BOOST_TEST(ctx.ended()->exit_code == 0);
  ending after;
  ctx.stop(end_of(after));
  run_until_over(io, after);
  BOOST_TEST(!after.failed());
}

BOOST_AUTO_TEST_CASE(stop_kills_after_its_grace) {
  context_options options;
  options.stop_grace = soon;
  const context ctx(io, options);
  ending running, stop;
  ctx.call<&pass_gate>(held.path(), 7, into(running));
  held.wait_for_one();
  ctx.stop(end_of(stop));
  run_until_over(io, stop);
  BOOST_TEST(!stop.failed());
  run_until_over(io, running);
  check_ended_by_owner(running);
  BOOST_TEST(running.info().phase == phase::running);
}

BOOST_AUTO_TEST_CASE(stop_before_the_child_has_started) {
  const context ctx(io);
  ending stop;
  ctx.stop(end_of(stop));
  run_until_over(io, stop);
  BOOST_TEST(!stop.failed());
  BOOST_TEST(ctx.state() == context_state::terminated);
  BOOST_TEST(ctx.ended()->cause == cause::killed_by_owner);
}

BOOST_AUTO_TEST_CASE(killed_before_the_child_has_started) {
  const context ctx(io);
  ending call, start;
  ctx.call<&echo>(1, into(call));
  ctx.start(end_of(start));
  ctx.kill();
  ctx.kill();
  run_until_over(io, call);
  run_until_over(io, start);
  // It may have been quick, as the parent can kill only what it knows of.
  if (call.error)
    check_ended_by_owner(call);
  else
    BOOST_TEST(call.value == 1);
  BOOST_TEST(start.as<process_terminated>().cause() == cause::killed_by_owner);
}

BOOST_AUTO_TEST_CASE(never_started_and_moved_from) {
  const context empty;
  BOOST_TEST(empty.state() == context_state::not_started);
  BOOST_TEST(empty.pid() == 0);
  BOOST_TEST(!empty.ended().has_value());
  empty.kill();
  context first(io);
  const context second(std::move(first));
  BOOST_TEST(echoes(io, second));
  const context* const handles[] = {&empty, &first};
  for (const context* const each : handles) {
    ending call, start, stop, make;
    each->call<&echo>(1, asio::bind_executor(io.get_executor(), into(call)));
    each->start(asio::bind_executor(io.get_executor(), end_of(start)));
    each->stop(asio::bind_executor(io.get_executor(), end_of(stop)));
    each->make<counter>(asio::bind_executor(io.get_executor(), end_of(make)));
    for (const ending* const one : {&call, &start, &stop, &make}) {
      run_until_over(io, *one);
      one->as<state_error>();
    }
  }
  ending call;
  const glovebox::remote<counter> nothing;
  nothing.call<&counter::add>(1, asio::bind_executor(io.get_executor(), into(call)));
  run_until_over(io, call);
  call.as<state_error>();
}

BOOST_AUTO_TEST_CASE(an_idle_context_does_not_keep_run_from_returning) {
  const context first(io);
  make_ready(io, first);
  const context second(io);
  run_to_the_end(io);  // returns when the second one is ready, too
  BOOST_TEST(second.state() == context_state::ready);
  for (int i = 0; i != 3; ++i) {
    io.restart();
    ending call;
    first.call<&echo>(i, into(call));
    run_to_the_end(io);
    BOOST_TEST(call.over);
    BOOST_TEST(call.value == i);
  }
}

BOOST_AUTO_TEST_CASE(ready_before_it_ended_whenever_that_is_read) {
  const temporary_directory place;
  std::vector<context_event::kind> told;
  context_options options;
  options.on_event = [&](const context_event& event) { told.push_back(event.what); };
  const context ctx(io, options);
  ending call;
  ctx.call<&abort_behind>(held.path(), place.file("pid"), into(call));
  held.wait_for_one();
  const pid_t child = marks(place.file("pid")).at(0);
  held.open();
  BOOST_TEST(eventually([&] { return ::kill(child, 0) != 0; }));  // its end was taken
  run_to_the_end(io);
  BOOST_TEST((call.info().cause == cause::signal));
  using kind = context_event::kind;
  BOOST_TEST((told == std::vector{kind::ready, kind::ended}));
}

BOOST_AUTO_TEST_CASE(an_idle_context_sends_what_is_left) {
  const context ctx(io);
  leave_unsent(io, ctx);
  run_to_the_end(io);
  BOOST_TEST(ctx.stats().open == 0u);
  BOOST_TEST(echoes(io, ctx));
}

BOOST_AUTO_TEST_CASE(an_idle_context_whose_child_takes_no_more) {
  const context ctx(io);
  leave_unsent(io, ctx);
  const process_watch child(ctx.pid());
  child.send(SIGKILL);
  BOOST_TEST(child.ends());
  run_to_the_end(io);
  BOOST_TEST((ctx.state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(destroyed_with_something_left_to_send) {
  auto ctx = std::make_optional<context>(io);
  leave_unsent(io, *ctx);
  const process_watch child(ctx->pid());
  asio::post(io, [&] { ctx.reset(); });
  run_to_the_end(io);
  BOOST_TEST(child.ends());
}

// The channel, and the pipe of what it prints.
BOOST_AUTO_TEST_CASE(a_child_takes_two_descriptors) {
  const context first(io);
  make_ready(io, first);
  run_to_the_end(io);
  const std::size_t before = open_descriptors();
  const context second(io);
  BOOST_TEST(echoes(io, second));
  run_to_the_end(io);
  BOOST_TEST(open_descriptors() == before + 2);
}

BOOST_AUTO_TEST_CASE(copies_share_the_child) {
  auto first = std::make_optional<context>(io);
  const context second = *first;
  const context third = first->with({.timeout = patience});
  make_ready(io, *first);
  first.reset();
  BOOST_TEST(echoes(io, second));
  BOOST_TEST(echoes(io, third));
}

BOOST_AUTO_TEST_CASE(five_hundred_contexts_leave_nothing) {
  const context first(io);
  ending server;
  first.call<&parent_pid>(into(server));
  run_until_over(io, server);
  run_to_the_end(io);
  const std::size_t before = open_descriptors();
  std::vector<process_watch> children;
  constexpr int waves = 20, wave = 25;
  for (int i = 0; i != waves; ++i) {
    std::vector<context> alive;
    std::vector<ending> calls(wave);
    context_options options;
    options.method = i % 5 == 4 ? start_method::spawn : start_method::forkserver;
    for (int j = 0; j != wave; ++j) alive.emplace_back(io, options);
    for (std::size_t j = 0; j != wave; ++j)
      if (j % 2 == 0) alive[j].call<&own_pid>(into(calls[j]));
    if (i % 3 == 0) alive.resize(wave / 2);  // not even started
    for (std::size_t j = 0; j < wave; j += 2) run_until_over(io, calls[j]);
    for (const ending& each : calls)
      if (each.over && !each.error) children.emplace_back(each.value);
    if (i % 3 == 1)
      for (const context& each : alive) each.kill();
    alive.clear();
    run_to_the_end(io);
  }
  BOOST_TEST(children.size() >= 100u);
  for (const process_watch& each : children) BOOST_TEST(each.ends());
  // The fork server has reaped all of them, too.
  BOOST_TEST(
      eventually([&] { return children_of(server.value) == std::vector<pid_t>{first.pid()}; }));
  children.clear();
  BOOST_TEST(open_descriptors() == before);
  BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
  BOOST_TEST(errno == ECHILD);
  BOOST_TEST(echoes(io, first));
}

BOOST_AUTO_TEST_CASE(the_fork_server_ends_with_the_io_context) {
  const std::size_t before = open_descriptors();
  auto own_io = std::make_unique<asio::io_context>();
  auto ctx = std::make_optional<context>(*own_io);
  make_ready(*own_io, *ctx);  // answers may come before the child's number is known
  ending server;
  ctx->call<&parent_pid>(into(server));
  run_until_over(*own_io, server);
  const process_watch server_watch(server.value), child(ctx->pid());
  own_io.reset();
  BOOST_TEST(server_watch.ends());
  BOOST_TEST(child.ends());
  ctx.reset();
  BOOST_TEST(open_descriptors() - 2 == before);  // the two watches
}

BOOST_AUTO_TEST_CASE(a_daemon_dies_with_its_child) {
  for (const auto method : {start_method::forkserver, start_method::spawn}) {
    context_options options;
    options.method = method;
    auto ctx = std::make_optional<context>(io, options);
    const context other(io);
    ending daemon;
    ctx->call<&glovebox::test::make_daemon>(into(daemon));
    run_until_over(io, daemon);
    const process_watch grandchild(daemon.value);
    BOOST_TEST(grandchild.alive());
    BOOST_TEST(echoes(io, other));
    ctx.reset();
    BOOST_TEST(grandchild.ends());
    BOOST_TEST(echoes(io, other));
  }
}

BOOST_AUTO_TEST_CASE(nothing_outlives_a_killed_parent) {
  int ends[2];
  BOOST_TEST_REQUIRE(::pipe(ends) == 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(owner_program, owner_program, nullptr);
    ::_exit(99);
  }
  ::close(ends[1]);
  std::vector<process_watch> all;
  std::FILE* const numbers = ::fdopen(ends[0], "r");
  for (int pid = 0; std::fscanf(numbers, "%d", &pid) == 1 && pid != 0;) all.emplace_back(pid);
  BOOST_TEST(all.size() == 5u);  // the fork server, three children, a daemon
  for (const process_watch& each : all) BOOST_TEST(each.alive());
  ::kill(owner, SIGKILL);
  int status = 0;
  BOOST_TEST(::waitpid(owner, &status, 0) == owner);
  BOOST_TEST(WIFSIGNALED(status));
  for (const process_watch& each : all) BOOST_TEST(each.ends());
  std::fclose(numbers);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace lifecycle_test
