// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Children that are threads: how they end, and what they refuse.
#include "integration/in_process_fixture.hpp"

#include <glovebox/failures.hpp>
#include <glovebox/jail.hpp>
#include <glovebox/testing.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/data/test_case.hpp>

namespace in_process_test {

using glovebox::call_options;
using glovebox::call_timeout;
using glovebox::cause;
using glovebox::context_state;
using glovebox::culprit;
using glovebox::phase;
using glovebox::process_terminated;
using glovebox::test::under_sanitizer;

BOOST_AUTO_TEST_SUITE(in_process_test)

// ---- in the child

std::atomic<int> times_run{0};

int count_runs(int n) {
  ++times_run;
  return n;
}
int await_stop(const std::string& gate_path, std::stop_token stop) {
  std::promise<void> told;
  const std::stop_callback tell(stop, [&told] { told.set_value(); });
  gate::pass(gate_path);
  told.get_future().wait();
  return 17;
}
std::string ask(const std::function<int(int)>& parent) {
  try {
    return std::to_string(parent(1));
  } catch (const std::exception& e) {
    std::thread([why = std::string(e.what())] { times_run += !why.empty(); }).join();
    throw;
  }
}

// ---- ends

BOOST_FIXTURE_TEST_CASE(it_is_this_process, world) {
  make_ready(io, ctx);
  BOOST_TEST(ctx.pid() == ::getpid());
  BOOST_TEST(ctx.state() == context_state::ready);
  ending own;
  run_until_over(io, call<&own_pid>(own));
  BOOST_TEST(own.value == ::getpid());
  times_run = 0;
  ending counted;
  run_until_over(io, call<&count_runs>(counted, 1));
  BOOST_TEST(times_run == 1);
  BOOST_TEST(threads() == threads_before + 1);
  BOOST_TEST(children_of(::getpid()).empty());
  BOOST_TEST(ctx.start_note() == "");
  run_to_the_end(io);  // an idle one is no work
}

BOOST_FIXTURE_TEST_CASE(stopped, world) {
  ending last;
  ending stop;
  call<&pass_gate>(last, held.path(), 5);
  ctx.stop(end_of(stop));
  run_until(io, [&] { return ctx.state() == context_state::terminating; });
  std::thread opens([this] { held.open(); });
  run_until_over(io, stop);
  opens.join();
  BOOST_TEST(last.value == 5);
  BOOST_TEST(threads() == threads_before);
  BOOST_TEST(!stop.error);
  BOOST_REQUIRE(ctx.ended());
  BOOST_TEST(ctx.ended()->cause == cause::killed_by_owner);
  BOOST_TEST(!ctx.ended()->exit_pending);
  ending late;
  run_until_over(io, call<&echo>(late, 1));
  BOOST_CHECK_THROW(std::rethrow_exception(late.error), glovebox::state_error);
}

// The function goes on, and nothing that came after it is begun.
BOOST_FIXTURE_TEST_CASE(killed_in_a_call, world) {
  times_run = 0;
  ending running;
  std::array<ending, 5> queued;
  call<&pass_gate>(running, held.path(), 1);
  for (ending& each : queued) call<&count_runs>(each, 2);
  run_until(io, [&] { return ctx.stats().bytes_sent > 0; });
  held.wait_for_one();
  ctx.kill();
  run_until_over(io, running);
  run_until_all_over(io, queued);
  BOOST_TEST(running.info().cause == cause::killed_by_owner);
  BOOST_TEST(running.info().phase == phase::running);
  BOOST_TEST(running.info().exit_pending);
  BOOST_TEST(running.info().detail.find("goes on until its function returns") != std::string::npos);
  for (const ending& each : queued) BOOST_TEST(each.info().phase == phase::queued);
  BOOST_TEST(threads() == threads_before + 1);
  held.open();
  BOOST_TEST(thread_ends());
  BOOST_TEST(times_run == 0);
}

BOOST_FIXTURE_TEST_CASE(killed_when_it_is_told, world) {
  ending running;
  ctx.call<&await_stop>(held.path(), into(running));
  make_ready(io, ctx);
  std::thread opens([this] {
    held.wait_for_one();
    held.open();
  });
  ending stop;
  opens.join();
  ctx.kill();
  ctx.stop(end_of(stop));
  run_until_over(io, stop);
  run_until_over(io, running);
  if (!running.error) BOOST_TEST(running.value == 17);  // it was quick
  BOOST_TEST(thread_ends());
}

BOOST_FIXTURE_TEST_CASE(a_deadline_that_is_overrun, world) {
  ending slow;
  ctx.with({.timeout = soon, .grace = 0ms}).call<&pass_gate>(held.path(), 3, into(slow));
  run_until_over(io, slow);
  held.wait_for_one();
  const auto& late = slow.as<call_timeout>();
  BOOST_TEST(!late.child_alive());
  BOOST_TEST(late.info().cause == cause::deadline);
  BOOST_TEST(late.info().phase == phase::running);
  BOOST_TEST(late.info().culprit == culprit::yes);
  BOOST_TEST(late.info().exit_pending);
  BOOST_TEST(late.info().report().find("a thread cannot be killed") != std::string::npos,
             late.info().report());
  BOOST_TEST(ctx.state() == context_state::terminated);
  BOOST_TEST(threads() == threads_before + 1);
  held.open();
  BOOST_TEST(thread_ends());
}

BOOST_FIXTURE_TEST_CASE(a_deadline_that_is_heeded, world) {
  ending polite;
  held.open();
  ctx.with({.timeout = soon, .grace = patience}).call<&await_stop>(held.path(), into(polite));
  run_until_over(io, polite);
  BOOST_TEST(polite.as<call_timeout>().child_alive());
  ending next;
  run_until_over(io, call<&echo>(next, 4));
  BOOST_TEST(next.value == 4);
}

BOOST_FIXTURE_TEST_CASE(cancelled, world) {
  times_run = 0;
  ending first;
  ending second;
  asio::cancellation_signal cancel;
  call<&pass_gate>(first, held.path(), 1);
  ctx.call<&count_runs>(2, asio::bind_cancellation_slot(cancel.slot(), into(second)));
  make_ready(io, ctx);
  held.wait_for_one();
  cancel.emit(asio::cancellation_type::terminal);
  run_until_over(io, second);
  BOOST_TEST((glovebox::error_of(second.error).code == asio::error::operation_aborted));
  held.open();
  run_until_over(io, first);
  BOOST_TEST(first.value == 1);
  ending third;
  run_until_over(io, call<&echo>(third, 3));
  BOOST_TEST(times_run == 0);
}

BOOST_AUTO_TEST_CASE(destroyed_in_a_call) {
  const std::size_t before = threads();
  const gate held;
  bool destroyed = false;
  {
    const std::shared_ptr<void> part_of_handler(nullptr, [&](void*) { destroyed = true; });
    asio::io_context io;
    {
      const context ctx(io, as_thread());
      ctx.call<&pass_gate>(held.path(), 1, [part_of_handler](std::exception_ptr, int) {
        BOOST_ERROR("the handler ran");
      });
      make_ready(io, ctx);
      held.wait_for_one();
    }
  }
  BOOST_TEST(destroyed);
  BOOST_TEST(threads() == before + 1);
  held.open();
  BOOST_TEST(eventually([&] { return threads() == before; }));
}

BOOST_AUTO_TEST_CASE(destroyed_while_idle) {
  const std::size_t before = threads();
  const std::size_t descriptors = open_descriptors();
  {
    asio::io_context io;
    const context ctx(io, as_thread());
    make_ready(io, ctx);
  }
  BOOST_TEST(threads() == before);
  BOOST_TEST(open_descriptors() == descriptors);
}

// The function sees an exception, and may clear up.
BOOST_FIXTURE_TEST_CASE(destroyed_in_a_callback, world) {
  times_run = 0;
  bool asked = false;
  const auto never = [&asked](int n) -> asio::awaitable<int> {
    asked = true;
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
    co_return n;
  };
  ending call;
  ctx.call<&ask>(never, end_of(call));
  run_until(io, [&] { return asked; });
  ctx = {};
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::killed_by_owner);
  BOOST_TEST(thread_ends());
  BOOST_TEST(times_run == 1);
}

BOOST_AUTO_TEST_CASE(a_crash_is_the_processs) {
  if (under_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: what a forked copy of this process does is not a sanitizer's");
    return;
  }
  const pid_t copy = ::fork();
  BOOST_REQUIRE(copy >= 0);
  if (copy == 0) {
    ::signal(SIGABRT, SIG_DFL);
    asio::io_context io;
    const context ctx(io, as_thread());
    ending call;
    ctx.call<&abort_now>(1, into(call));
    run_until_over(io, call);
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGABRT);
}

// ---- what is refused

struct refused {
  const char* name;
  std::function<void(context_options&)> ask;
  std::string why;
  friend std::ostream& operator<<(std::ostream& out, const refused& one) { return out << one.name; }
};

const std::vector<refused> refusals{
    {"memory", [](auto& options) { options.memory_limit = 1 << 30; }, "prlimit --as"},
    {"time", [](auto& options) { options.cpu_limit = 60s; }, "prlimit --cpu"},
    {"spawn", [](auto& options) { options.method = glovebox::start_method::spawn; },
     "backend::process"},
    {"directory", [](auto& options) { options.directory = "/"; }, "start the process in /"},
    {"set", [](auto& options) { options.environment = {"GLOVEBOX_TEST_HERE=1"}; },
     "start the process with GLOVEBOX_TEST_HERE=1"},
    {"unset", [](auto& options) { options.environment = {"PATH"}; }, "env -u PATH"},
    {"faults",
     [](auto& options) { options.faults = std::make_shared<glovebox::testing::fault_plan>(); },
     "faults on purpose"},
    {"preload", [](auto& options) { options.preload = {"not_there"}; }, "no module 'not_there'"},
};

std::string why_not(context_options options) {
  asio::io_context io;
  const context ctx(io, std::move(options));
  ending call;
  ctx.call<&count_runs>(1, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::start_failed);
  BOOST_TEST(call.info().phase == phase::queued);
  return call.info().summary();
}

BOOST_DATA_TEST_CASE(refused_options, boost::unit_test::data::make(refusals)) {
  const std::size_t before = threads();
  times_run = 0;
  context_options options = as_thread();
  sample.ask(options);
  const std::string why = why_not(std::move(options));
  BOOST_TEST(why.find(sample.why) != why.npos, why);
  BOOST_TEST(times_run == 0);
  BOOST_TEST(threads() == before);
}

BOOST_AUTO_TEST_CASE(what_is_so_already_is_not_refused) {
  context_options options = as_thread();
  options.directory = ".";
  options.environment = {std::string("PATH=") + std::getenv("PATH"), "GLOVEBOX_TEST_NOT_SET"};
  asio::io_context io;
  const context ctx(io, options);
  ending call;
  ctx.call<&echo>(1, into(call));
  run_until_over(io, call);
  BOOST_TEST(!call.error);
}

BOOST_FIXTURE_TEST_CASE(a_jail, world) {
  const glovebox::jail_options jail("/tmp", 65534, 65534);
  ending call;
  ctx.jail(jail, end_of(call));
  run_until_over(io, call);
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(call.error), std::runtime_error, [](const auto& e) {
    return std::string(e.what()).find("cannot be jailed") != std::string::npos;
  });
  ending after;
  run_until_over(io, this->call<&echo>(after, 1));
  BOOST_TEST(!after.error);
}

// ---- by the environment

class environment_says {
 public:
  explicit environment_says(const char* what) { ::setenv("GLOVEBOX_BACKEND", what, 1); }
  ~environment_says() { ::unsetenv("GLOVEBOX_BACKEND"); }
};

pid_t pid_of_child(const context_options& options, std::string& note) {
  asio::io_context io;
  const context ctx(io, options);
  make_ready(io, ctx);
  note = ctx.start_note();
  return ctx.pid();
}

BOOST_AUTO_TEST_CASE(chosen_by_the_environment) {
  const environment_says in_process("in_process");
  std::string note;
  context_options options;
  BOOST_TEST(pid_of_child(options, note) == ::getpid());
  BOOST_TEST(note == "a thread of this process, as GLOVEBOX_BACKEND=in_process says");
  options.memory_limit = 1 << 30;
  options.cpu_limit = 60s;
  options.standard_output = glovebox::output::null;
  BOOST_TEST(pid_of_child(options, note) == ::getpid());
  BOOST_TEST(note ==
             "a thread of this process, as GLOVEBOX_BACKEND=in_process says, without memory_limit, "
             "cpu_limit; its outputs are this process's own");
  options.backend = backend::process;
  if (!under_sanitizer) BOOST_TEST(pid_of_child(options, note) != ::getpid());

  options = {};
  options.directory = "/";
  const std::string why = why_not(options);
  BOOST_TEST(why.find("GLOVEBOX_BACKEND=in_process: a thread has") != why.npos, why);
}

BOOST_AUTO_TEST_CASE(not_chosen_by_the_environment) {
  std::string note;
  {
    const environment_says process("process");
    BOOST_TEST(pid_of_child({}, note) != ::getpid());
  }
  const environment_says nonsense("inprocess");
  const std::string why = why_not({});
  BOOST_TEST(why.find("GLOVEBOX_BACKEND is 'inprocess'; it may be") != why.npos, why);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace in_process_test
