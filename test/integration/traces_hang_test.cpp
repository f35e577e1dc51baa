// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Where children were that were killed for their deadline, and where exceptions were thrown.
#include "integration/traces_fixture.hpp"

#include <exception>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(traces_hang_test, *boost::unit_test::precondition(traces::knows_names))

using namespace traces;

termination after_hanging(const failed_child& child, const std::string& function) {
  call_options options;
  options.timeout = life::soon;
  options.grace = 20ms * time_scale;
  try {
    sync(child.loaded.async().with(options)).call(function);
  } catch (const call_timeout& why) {
    return why.info();
  }
  BOOST_ERROR(function << " has returned");
  return {};
}

BOOST_AUTO_TEST_CASE(hang_in_a_loop) {
  const failed_child child;
  const termination info = after_hanging(child, "hang_in_loop");
  BOOST_TEST(info.cause == cause::deadline);
  BOOST_TEST_REQUIRE(!info.threads.empty(), info.report());
  BOOST_TEST(info.threads[0].tid == info.pid);
  BOOST_TEST(info.threads[0].state == "");
  expect_frames(info, {"busy_loop", "hang_in_loop"});
}

BOOST_AUTO_TEST_CASE(hang_that_asks_for_the_time) {
  const failed_child child;
  const termination info = after_hanging(child, "hang_in_clock");
  BOOST_TEST(without_layout(info.report()).find("failing::hang_in_clock()") != std::string::npos,
             info.report());
}

BOOST_AUTO_TEST_CASE(hang_in_the_kernel) {
  const failed_child child;
  const termination info = after_hanging(child, "hang_in_sleep");
  expect_frames(info, {"hang_in_sleep"}, 0, false);
  BOOST_TEST(info.threads.at(0).state.find("sleeping") == 0u, info.threads.at(0).state);
}

BOOST_AUTO_TEST_CASE(hang_in_another_thread) {
  const failed_child child;
  const termination info = after_hanging(child, "hang_in_thread");
  BOOST_TEST_REQUIRE(info.threads.size() >= 2u, info.report());
  BOOST_TEST(info.threads[0].tid == info.pid);
  const std::string report = without_layout(info.report());
  BOOST_TEST(report.find("failing::hang_in_thread()") != report.npos, info.report());
  BOOST_TEST(report.find("failing::busy_loop()") != report.npos, info.report());
}

BOOST_AUTO_TEST_CASE(hang_of_a_stopped_child) {
  const failed_child child;
  const termination info = after_hanging(child, "hang_stopped");
  BOOST_TEST_REQUIRE(!info.threads.empty(), info.report());
  BOOST_TEST(info.threads[0].state.find("stopped") == 0u, info.threads[0].state);
  BOOST_TEST(without_layout(info.report()).find("failing::hang_stopped()") != std::string::npos,
             info.report());
}

BOOST_AUTO_TEST_CASE(lines_of_a_throw) {
  const failed_child child;
  try {
    child.loaded.call("throw_nested");
    BOOST_ERROR("nothing was thrown");
  } catch (const std::exception& outer) {
    const auto& remote = dynamic_cast<const remote_exception&>(outer);
    BOOST_TEST_REQUIRE(remote.has_nested());
    const std::string outer_text = text_of(symbolize(remote.stack(), 20s * time_scale));
    BOOST_TEST(outer_text.find(line_of("throw_nested")) != outer_text.npos, outer_text);
    try {
      std::rethrow_if_nested(outer);
      BOOST_ERROR("nothing was nested");
    } catch (const std::out_of_range& inner) {
      const std::vector<stack_frame> frames =
          symbolize(dynamic_cast<const remote_exception&>(inner).stack(), 20s * time_scale);
      BOOST_TEST_REQUIRE(frames.size() >= 4u);
      for (std::size_t i = 0; i != 3; ++i)
        BOOST_TEST(summary_of(frames[i]).find("failing::throw_three_deep(int) at ") == 0u,
                   text_of(frames));
      BOOST_TEST(summary_of(frames[0]).ends_with(line_of("throw_three_deep")), text_of(frames));
      BOOST_TEST(summary_of(frames[3]).find("failing::throw_nested() at ") == 0u, text_of(frames));
    }
  }
}

BOOST_AUTO_TEST_CASE(thrown_in_another_thread) {
  const failed_child child;
  try {
    child.loaded.call("throw_elsewhere");
    BOOST_ERROR("nothing was thrown");
  } catch (const remote_exception& thrown) {
    const std::string text = text_of(symbolize(thrown.stack(), 20s * time_scale));
    BOOST_TEST(text.find(line_of("throw_three_deep")) != text.npos, text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
