// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A test for every planted fault, for calls that run, wait behind it or have ended before it, under
// both start methods: faults/FAULT/PHASE/METHOD.
#include "support/faults.hpp"
#include "integration/life.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace faults_test {

using namespace life;
using glovebox::cause;
using glovebox::context;
using glovebox::culprit;
using glovebox::phase;
using glovebox::start_method;

// ---- in the child

int fault(const std::string& what, int n) {
  if (what != "none") glovebox::test::commit_fault(what);
  return n;
}

// A reply that does not fit into the recorder's ring, so it is written to the channel while the
// parent reads; once some of it is on its way the fault happens, in another thread.
std::vector<std::uint8_t> large_reply(const std::string& what, int bytes) {
  std::thread([what, out = glovebox::test::channel_descriptor()] {
    for (int unread = 0; unread == 0;)
      if (::ioctl(out, SIOCOUTQ, &unread) != 0) std::abort();
    fault(what, 0);
  }).detach();
  return std::vector<std::uint8_t>(static_cast<std::size_t>(bytes));
}

// ---- what is expected

using planted = glovebox::test::fault;
using glovebox::test::all_faults;

glovebox::context_options options_for(const planted& expected, start_method method) {
  glovebox::context_options options;
  options.method = method;
  options.standard_error = glovebox::output::capture;  // last words are not this test's output
  if (expected.needs_memory_limit) options.memory_limit = 64 * 1024 * 1024;
  return options;
}

void check_cause(const glovebox::termination& info, const planted& expected) {
  BOOST_TEST(info.cause == expected.why, info.report());
  // The memory of a sanitizer can take longer to give back than calls wait for the end of a child.
  if (glovebox::test::under_sanitizer && info.exit_pending) return;
  BOOST_TEST(info.signal_number == expected.signal);
  BOOST_TEST(info.exit_code == expected.exit_code);
  BOOST_TEST(!info.exit_pending);
  BOOST_TEST(info.pid > 0);
  BOOST_TEST(info.usage.peak_memory > 0u);
}

void check_running(const ending& call, const planted& expected) {
  const glovebox::termination& info = call.info();
  check_cause(info, expected);
  BOOST_TEST(info.phase == phase::running);
  BOOST_TEST(info.culprit == expected.blame);
  BOOST_TEST(info.method == "faults_test::fault");
  BOOST_TEST(info.arguments == '"' + expected.name + "\", 42");
  if (expected.code) BOOST_TEST(info.signal_code == *expected.code);
  if (expected.address) BOOST_TEST(info.address == *expected.address);
  if (expected.hangs())
    BOOST_TEST(!call.as<glovebox::call_timeout>().child_alive());
  else
    call.as<glovebox::process_terminated>();
}

void check_the_end(const context& ctx, const planted& expected, asio::io_context& io) {
  if (expected.survives) {
    BOOST_TEST(ctx.state() == glovebox::context_state::ready);
    ending again;
    ctx.call<&fault>("none", 5, into(again));
    run_until_over(io, again);
    BOOST_TEST(again.value == 5);
    return;
  }
  BOOST_TEST(ctx.state() == glovebox::context_state::terminated);
  BOOST_TEST_REQUIRE(ctx.ended().has_value());
  BOOST_TEST(ctx.ended()->cause == expected.why);
  ending late;
  ctx.call<&fault>("none", 5, into(late));
  run_until_over(io, late);
  late.as<glovebox::state_error>();
}

// ---- the tests

void running(const planted& expected, start_method method) {
  asio::io_context io;
  const context ctx(io, options_for(expected, method));
  ending call;
  ctx.with({.run_timeout = expected.hangs() ? soon : 0ms, .grace = 1ms})
      .call<&fault>(expected.name, 42, into(call));
  run_until_over(io, call);
  if (expected.survives) {
    call.as<std::bad_alloc>();
    BOOST_TEST(call.as<glovebox::remote_exception>().method() == "faults_test::fault");
  } else {
    check_running(call, expected);
  }
  check_the_end(ctx, expected, io);
}

// What a child gets at once: calls before the fault and behind it.
struct batch {
  std::array<ending, 4> before;
  ending faulty;
  std::array<ending, 4> behind;

  void run(asio::io_context& io, const context& ctx, const planted& expected) {
    // The child keeps the replies of a function that is short, to send them together; so it gets
    // to know it as one. Then the first call is sent at once, the others in one piece when handlers
    // run.
    std::array<ending, 50> warm;
    for (ending& each : warm) ctx.call<&fault>("none", 0, into(each));
    run_until_all_over(io, warm);
    for (ending& each : before) ctx.call<&fault>("none", 1, into(each));
    ctx.with({.run_timeout = expected.hangs() ? soon : 0ms, .grace = 1ms})
        .call<&fault>(expected.name, 42, into(faulty));
    for (ending& each : behind) ctx.call<&fault>("none", 2, into(each));
    run_until_over(io, faulty);
    run_until_all_over(io, before);
    run_until_all_over(io, behind);
  }
};

void queued(const planted& expected, start_method method) {
  asio::io_context io;
  const context ctx(io, options_for(expected, method));
  batch calls;
  calls.run(io, ctx, expected);
  for (const ending& each : calls.behind) {
    if (expected.survives) {
      BOOST_TEST(!each.failed());
      BOOST_TEST(each.value == 2);
      continue;
    }
    const glovebox::termination& info = each.as<glovebox::process_terminated>().info();
    check_cause(info, expected);
    BOOST_TEST(info.phase == phase::queued);
    BOOST_TEST(info.culprit == culprit::no);
    BOOST_TEST(info.arguments == "\"none\", 2");
  }
  check_the_end(ctx, expected, io);
}

void finished(const planted& expected, start_method method) {
  asio::io_context io;
  const context ctx(io, options_for(expected, method));
  batch calls;
  calls.run(io, ctx, expected);
  for (const ending& each : calls.before) {
    if (expected.why == cause::protocol_violation && each.failed()) {
      // Once a child has lied, what it left behind is not read any more.
      BOOST_TEST(each.info().phase == phase::finished);
      BOOST_TEST(each.info().culprit == culprit::no);
      continue;
    }
    BOOST_TEST(!each.failed());
    BOOST_TEST(each.value == 1);
  }
  if (!expected.survives) check_running(calls.faulty, expected);
  check_the_end(ctx, expected, io);
}

void reply_lost(const planted& expected, start_method method) {
  asio::io_context io;
  const context ctx(io, options_for(expected, method));
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  ending call;
  ctx.call<&large_reply>(expected.name, 8 * 1024 * 1024, end_of(call));  // sent at once
  // Nobody reads meanwhile, so the reply gets stuck in its middle.
  BOOST_TEST_REQUIRE(child.ends());
  run_until_over(io, call);
  const glovebox::termination& info = call.as<glovebox::process_terminated>().info();
  check_cause(info, expected);
  BOOST_TEST(info.phase == phase::finished);
  BOOST_TEST(info.culprit == culprit::unknown);
  BOOST_TEST(info.method == "faults_test::large_reply");
  check_the_end(ctx, expected, io);
}

// ---- their names

using boost::unit_test::test_suite;

void add_phase(test_suite& to, const planted& expected, const char* name,
               void (*test)(const planted&, start_method)) {
  test_suite* const group = BOOST_TEST_SUITE(name);
  for (const start_method method : {start_method::forkserver, start_method::spawn}) {
    auto* const one = boost::unit_test::make_test_case(
        [&expected, test, method] { test(expected, method); },
        method == start_method::spawn ? "spawn" : "forkserver", __FILE__, __LINE__);
    one->add_precondition([&expected](boost::unit_test::test_unit_id) {
      const std::string reason = glovebox::test::ruled_out(expected);
      boost::test_tools::assertion_result allowed(reason.empty());
      allowed.message() << reason;
      return allowed;
    });
    group->add(one);
  }
  to.add(group);
}

const bool registered = [] {
  test_suite* const all = BOOST_TEST_SUITE("faults");
  for (const planted& each : all_faults()) {
    test_suite* const group = BOOST_TEST_SUITE(each.name);
    add_phase(*group, each, "running", running);
    add_phase(*group, each, "queued", queued);
    add_phase(*group, each, "finished", finished);
    if (each.in_a_thread) add_phase(*group, each, "reply_lost", reply_lost);
    all->add(group);
  }
  boost::unit_test::framework::master_test_suite().add(all);
  return true;
}();

}  // namespace faults_test
