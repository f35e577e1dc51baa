// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A test for every planted fault, for calls that run, wait behind it or have ended before it, under
// both start methods: faults/FAULT/PHASE/METHOD.
#include "integration/life.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
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

// Every frame is used after the inner one has returned, or it would be a loop.
int overflow_the_stack(int depth) {
  std::array<volatile char, 4096> frame{};
  frame[static_cast<std::size_t>(depth) % frame.size()] = 1;
  return depth < 0 ? 0 : overflow_the_stack(depth + 1) + frame[0];
}

std::size_t take_all_memory() {
  std::vector<std::unique_ptr<char[]>> taken;
  for (;;) taken.push_back(std::make_unique<char[]>(1024 * 1024));
}

// The undefined-behaviour sanitizer would end the child before the fault does.
__attribute__((no_sanitize("undefined"))) int fault(const std::string& what, int n) {
  if (what == "none") return n;
  if (what == "null_dereference") {
    int* volatile nowhere = nullptr;
    *nowhere = n;
  }
  if (what == "abort") std::abort();
  if (what == "stack_overflow") return overflow_the_stack(0);
  if (what == "exit_0") std::exit(0);
  if (what == "exit_3") std::exit(3);
  if (what == "_exit_4") ::_exit(4);
  if (what == "memory_hog") take_all_memory();
  if (what == "memory_hog_aborts") try {
      take_all_memory();
    } catch (const std::bad_alloc&) {
      std::abort();
    }
  if (what == "endless_loop")
    for (volatile bool on = true; on;) {
    }
  if (what == "garbage") {
    const std::string nonsense(4096, '\xff');
    if (::write(channel(), nonsense.data(), nonsense.size()) < 0) std::abort();
    wait_for_ever();
  }
  if (what == "divide_by_zero") {
    volatile int zero = 0;
    return n / zero;
  }
  if (what == "illegal_instruction") __builtin_trap();
  if (what == "raise_sigkill") std::raise(SIGKILL);
  if (what == "terminate") std::terminate();
  if (what == "thread_exception")
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
  if (what == "double_free") {
    void* volatile memory = std::malloc(40);
    std::free(memory);
    std::free(memory);
  }
  throw std::logic_error(what + " did not happen");
}

// A reply that does not fit into the recorder's ring, so it is written to the channel while the
// parent reads; once some of it is on its way the fault happens, in another thread.
std::vector<std::uint8_t> large_reply(const std::string& what, int bytes) {
  std::thread([what, out = channel()] {
    for (int unread = 0; unread == 0;)
      if (::ioctl(out, SIOCOUTQ, &unread) != 0) std::abort();
    fault(what, 0);
  }).detach();
  return std::vector<std::uint8_t>(static_cast<std::size_t>(bytes));
}

// ---- what is expected

struct planted {
  std::string name;
  cause why = cause::signal;
  culprit blame = culprit::yes;
  int signal = 0;
  std::optional<int> code{};  // si_code; nothing: it depends
  std::optional<std::uint64_t> address{};
  int exit_code = -1;
  bool needs_memory_limit = false;
  bool survives = false;    // the child lives on
  bool in_a_thread = true;  // also possible while the main thread writes a reply
};

const std::vector<planted>& all_faults() {
  static const std::vector<planted> all {
    {.name = "null_dereference", .signal = SIGSEGV, .code = SEGV_MAPERR, .address = 0},
        {.name = "abort", .signal = SIGABRT, .code = SI_TKILL, .address = 0},
        {.name = "stack_overflow", .signal = SIGSEGV},
        {.name = "exit_0", .why = cause::exit, .exit_code = 0},
        {.name = "exit_3", .why = cause::exit, .exit_code = 3},
        {.name = "_exit_4", .why = cause::exit, .exit_code = 4},
        {.name = "memory_hog", .needs_memory_limit = true, .survives = true, .in_a_thread = false},
        {.name = "memory_hog_aborts",
         .why = cause::out_of_memory,
         .signal = SIGABRT,
         .code = SI_TKILL,
         .needs_memory_limit = true},
        {.name = "endless_loop", .why = cause::deadline, .signal = SIGKILL, .in_a_thread = false},
        {.name = "garbage",
         .why = cause::protocol_violation,
         .signal = SIGKILL,
         .in_a_thread = false},
#if defined(__x86_64__)
        {.name = "divide_by_zero", .signal = SIGFPE, .code = FPE_INTDIV},
        {.name = "illegal_instruction", .signal = SIGILL, .code = ILL_ILLOPN},
#endif
        // The kernel tells nobody who sent it.
        {.name = "raise_sigkill",
         .why = cause::killed_from_outside,
         .blame = culprit::unknown,
         .signal = SIGKILL},
        {.name = "terminate", .signal = SIGABRT, .code = SI_TKILL},
        {.name = "thread_exception", .signal = SIGABRT, .code = SI_TKILL},
        {.name = "double_free", .signal = SIGABRT, .code = SI_TKILL},
  };
  return all;
}

glovebox::context_options options_for(const planted& expected, start_method method) {
  glovebox::context_options options;
  options.method = method;
  options.standard_error = glovebox::output::capture;  // last words are not this test's output
  if (expected.needs_memory_limit) options.memory_limit = 64 * 1024 * 1024;
  return options;
}

void check_cause(const glovebox::termination& info, const planted& expected) {
  BOOST_TEST(info.cause == expected.why, info.report());
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
  if (expected.why == cause::deadline)
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
  ctx.with({.run_timeout = expected.why == cause::deadline ? soon : 0ms, .grace = 1ms})
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
    ctx.with({.run_timeout = expected.why == cause::deadline ? soon : 0ms, .grace = 1ms})
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

boost::test_tools::assertion_result no_sanitizer(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(!glovebox::test::under_sanitizer);
  allowed.message() << "a sanitizer cannot live under a limit on address space";
  return allowed;
}

boost::test_tools::assertion_result no_thread_sanitizer(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(!glovebox::test::under_thread_sanitizer);
  allowed.message() << "ThreadSanitizer's free lets a double free pass";
  return allowed;
}

void add_phase(test_suite& to, const planted& expected, const char* name,
               void (*test)(const planted&, start_method)) {
  test_suite* const group = BOOST_TEST_SUITE(name);
  for (const start_method method : {start_method::forkserver, start_method::spawn}) {
    auto* const one = boost::unit_test::make_test_case(
        [&expected, test, method] { test(expected, method); },
        method == start_method::spawn ? "spawn" : "forkserver", __FILE__, __LINE__);
    if (expected.needs_memory_limit) one->add_precondition(no_sanitizer);
    if (expected.name == "double_free") one->add_precondition(no_thread_sanitizer);
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
