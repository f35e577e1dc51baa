// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the report of a crash says, for each kind of crash.
#include "integration/traces_fixture.hpp"

#include <asio/io_context.hpp>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(traces_test, *boost::unit_test::precondition(traces::knows_names))

using namespace traces;

BOOST_AUTO_TEST_CASE(null_dereference_three_functions_deep) {
  const failed_child child;
  const termination info = child.after("null_dereference", 7, "argument");
  BOOST_TEST(info.cause == cause::signal);
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST(info.address == 0u);
  expect_frames(info, {"inner_null", "middle_null", "null_dereference"});
  expect_readable(info);
  const std::string report = without_layout(info.report());
  for (const char* const part :
       {"SIGSEGV (address not mapped) at 0x0", "null_dereference", "7, \"argument\"",
        "#0 failing::inner_null(int) at ", "#1 failing::middle_null(int) at ",
        "#2 failing::null_dereference(int, "})
    BOOST_TEST(report.find(part) != report.npos, part << " is not in " << info.report());
  BOOST_TEST(info.to_json().find("\"function\":\"failing::inner_null(int)\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(inlined_functions) {
  const failed_child child;
  const termination info = child.after("inlined");
  expect_frames(info, {"inlined_innermost", "inlined_around", "inlined"});
  BOOST_TEST(info.threads[0].frames[0].inlined);
  BOOST_TEST(info.threads[0].frames[1].inlined);
  BOOST_TEST(!info.threads[0].frames[2].inlined);
}

BOOST_AUTO_TEST_CASE(wild_jump) {
  const failed_child child;
  const termination info = child.after("wild_jump");
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST(info.address == 0x123450u);
  BOOST_TEST_REQUIRE(!info.threads.empty(), info.report());
  BOOST_TEST(info.threads[0].frames.at(0).address == 0x123450u);
  expect_frames(info, {"wild_jump"}, 0, false);
}

BOOST_AUTO_TEST_CASE(stack_overflow) {
  const failed_child child;
  const termination info = child.after("stack_overflow", 1);
  BOOST_TEST(info.signal_number == SIGSEGV);
  expect_frames(info, {"stack_overflow", "stack_overflow", "stack_overflow"}, 0, false);
  expect_readable(info);
  BOOST_TEST(info.threads.at(0).note != "");
}

BOOST_AUTO_TEST_CASE(aborted) {
  const failed_child child;
  const termination info = child.after("aborted");
  BOOST_TEST(info.signal_number == SIGABRT);
  expect_frames(info, {"aborted"}, 0, false);
}

BOOST_AUTO_TEST_CASE(double_free, *boost::unit_test::precondition([](auto) {
                       return boost::test_tools::assertion_result(!under_sanitizer);
                     })) {
  const failed_child child;
  const termination info = child.after("double_free");
  BOOST_TEST(info.signal_number == SIGABRT);
  BOOST_TEST(info.message == "free(): double free detected in tcache 2");
  BOOST_TEST(info.summary() ==
             "SIGABRT: free(): double free detected in tcache 2 in double_free()");
  expect_frames(info, {"double_free"}, 0, false);
}

BOOST_AUTO_TEST_CASE(division_by_zero) {
  const failed_child child;
  const termination info = child.after("divided", 3);
  BOOST_TEST(info.signal_number == SIGFPE);
  expect_frames(info, {"divided"});
}

BOOST_AUTO_TEST_CASE(illegal_instruction) {
  const failed_child child;
  const termination info = child.after("illegal");
  BOOST_TEST(info.signal_number == SIGILL);
  expect_frames(info, {"illegal"});
}

BOOST_AUTO_TEST_CASE(exception_that_nobody_may_catch) {
  const failed_child child;
  const termination info = child.after("uncaught", 5);
  BOOST_TEST(info.signal_number == SIGABRT);
  BOOST_TEST(info.message == "std::terminate for failing::unusual_error: not expected: 5");
  expect_frames(info, {"throw_unusual", "uncaught"}, 0, false);
}

BOOST_AUTO_TEST_CASE(failed_assertion) {
  const failed_child child;
  const termination info = child.after("asserted", 1);
  BOOST_TEST(info.signal_number == SIGABRT);
  BOOST_TEST(info.message.find("Assertion `n == 4711' failed.") != std::string::npos, info.message);
  expect_frames(info, {"asserted"}, 0, false);
}

BOOST_AUTO_TEST_CASE(crash_in_another_thread) {
  const failed_child child;
  const termination info = child.after("crash_in_thread");
  BOOST_TEST(info.signal_number == SIGSEGV);
  expect_frames(info, {"inner_null"});
  // Where the call was: it waits for that thread.
  BOOST_TEST_REQUIRE(info.threads.size() >= 2u, info.report());
  BOOST_TEST(info.threads[1].tid == info.pid);
  BOOST_TEST(info.threads[1].state != "");
  expect_frames(info, {"crash_in_thread"}, 1, false);
}

BOOST_AUTO_TEST_CASE(stripped) {
  const failed_child child("failing_stripped");
  const termination info = child.after("null_dereference", 7, "argument");
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST_REQUIRE(!info.threads.empty(), info.report());
  BOOST_TEST_REQUIRE(info.threads[0].frames.size() >= 3u, info.report());
  for (int i = 0; i != 3; ++i) {
    const stack_frame& frame = info.threads[0].frames.at(static_cast<std::size_t>(i));
    BOOST_TEST(std::filesystem::path(frame.module).filename() == "failing_stripped.so");
    BOOST_TEST(frame.offset != 0u);
    BOOST_TEST(frame.build_id != "");
    BOOST_TEST(frame.function == "");
  }
}

BOOST_AUTO_TEST_CASE(spawned) {
  context_options options = with_modules();
  options.method = start_method::spawn;
  const failed_child child("failing", options);
  expect_frames(child.after("null_dereference", 7, "argument"),
                {"inner_null", "middle_null", "null_dereference"});
}

BOOST_AUTO_TEST_CASE(in_the_own_image) {
  const context ctx(shared_io(), with_modules());
  try {
    get(ctx.call<&own_crash>(1, asio::use_future));
    BOOST_ERROR("it has returned");
  } catch (const process_terminated& why) {
    BOOST_TEST(without_layout(why.report()).find("own_crash(int)") != std::string::npos,
               why.report());
  }
}

// It may be over before the parent has heard that it was started.
BOOST_AUTO_TEST_CASE(as_soon_as_it_lives) {
  asio::io_context io;
  int with_frames = 0;
  constexpr int children = 40 / time_scale;  // all at once
  context_options patient = with_modules();
  patient.backtrace_timeout = 100s * time_scale;  // a quarter of it to look at each
  for (int i = 0; i != children; ++i) {
    const auto ctx = std::make_shared<context>(io, patient);
    ctx->call<&own_crash>(1, [ctx, &with_frames](const std::exception_ptr& error, auto&&...) {
      const std::string report = error_of(error).info->report();
      with_frames += report.find("own_crash(int)") != std::string::npos;
    });
  }
  io.run();
  BOOST_TEST(with_frames == children);
}

BOOST_AUTO_TEST_SUITE_END()
