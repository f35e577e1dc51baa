// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What else reports say, and what they say where names are not known.
#include "integration/traces_fixture.hpp"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(reports_test)

using namespace traces;

BOOST_AUTO_TEST_CASE(places_without_names, *boost::unit_test::enable_if<!have_elfutils>()) {
  const failed_child child;
  const termination info = child.after("null_dereference", 7, "argument");
  BOOST_TEST_REQUIRE(!info.threads.empty(), info.report());
  const stack_frame& innermost = info.threads[0].frames.at(0);
  BOOST_TEST(innermost.module.ends_with("failing.so"), innermost.module);
  BOOST_TEST(innermost.offset != 0u);
  BOOST_TEST(innermost.function == "");
  BOOST_TEST(info.report().find("failing.so+0x") != std::string::npos, info.report());
  expect_readable(info);
}

BOOST_AUTO_TEST_CASE(without_a_stack) {
  const failed_child child;
  const termination info = child.after("crash_in_handler");
  BOOST_TEST(info.cause == cause::signal);
  BOOST_TEST(info.method == "crash_in_handler");
  expect_readable(info);
}

BOOST_AUTO_TEST_CASE(not_wanted) {
  context_options options = with_modules();
  options.backtrace_timeout = {};
  const failed_child child("failing", options);
  const termination info = child.after("null_dereference", 7, "argument");
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST(info.threads.empty());
}

int crash_with(const std::string& text) {
  return own_crash(static_cast<int>(text.size()));
}
termination after_crash_with(const std::string& text) {
  const context ctx(shared_io(), with_modules());
  try {
    get(ctx.call<&crash_with>(text, asio::use_future));
  } catch (const process_terminated& why) {
    return why.info();
  }
  BOOST_ERROR("it has returned");
  return {};
}

BOOST_AUTO_TEST_CASE(long_arguments) {
  BOOST_TEST(after_crash_with("short").arguments_digest == "");
  std::string text(1'000'000, 'a');
  const termination first = after_crash_with(text);
  BOOST_TEST(first.arguments.size() < 400u);
  BOOST_TEST(first.arguments_digest != "");
  BOOST_TEST(after_crash_with(text).arguments_digest == first.arguments_digest);
  text.back() = 'b';
  BOOST_TEST(after_crash_with(text).arguments_digest != first.arguments_digest);
}

int exit_as_a_sanitizer_does() {
  std::fputs("==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x10\nmore\n", stderr);
  std::fflush(stderr);
  ::_exit(1);
}

BOOST_AUTO_TEST_CASE(what_a_sanitizer_has_found) {
  const context ctx(shared_io(), with_modules());
  try {
    get(ctx.call<&exit_as_a_sanitizer_does>(asio::use_future));
    BOOST_ERROR("it has returned");
  } catch (const process_terminated& why) {
    BOOST_TEST(why.info().cause == cause::exit);
    BOOST_TEST(why.info().message == "AddressSanitizer: heap-use-after-free on address 0x10");
    BOOST_TEST(why.info().stderr_tail.size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(events_of_a_child) {
  asio::io_context io;
  std::vector<std::string> told;
  context_options options = with_modules();
  options.on_event = [&told](const context_event& event) {
    const bool ended = event.what == context_event::kind::ended;
    BOOST_TEST((event.end != nullptr) == ended);
    told.push_back(ended ? "ended: " + std::string(to_string(event.end->cause)) : "ready");
  };
  {
    const context ctx(io, options);
    ctx.call<&own_crash>(1, [](std::exception_ptr, int) {});
    io.run();
  }
  BOOST_TEST(told == (std::vector<std::string>{"ready", "ended: signal"}),
             boost::test_tools::per_element());
  told.clear();
  options.directory = "/nowhere/at/all";
  const context never(io, options);
  io.restart();
  never.call<&own_crash>(1, [](std::exception_ptr, int) {});
  io.run();
  BOOST_TEST(told == (std::vector<std::string>{"ended: start failed"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(core_file) {
  const temporary_directory place;
  context_options options = with_modules();
  options.core_dumps = true;
  options.directory = place.file("");
  const context ctx(shared_io(), options);
  try {
    get(ctx.call<&own_crash>(1, asio::use_future));
    BOOST_ERROR("it has returned");
  } catch (const process_terminated& why) {
    const std::string& core = why.info().core_file;
    if (core.empty()) BOOST_TEST_MESSAGE("no core file may be written here");
    if (core.starts_with('/')) BOOST_TEST(std::filesystem::is_regular_file(core), core);
    BOOST_TEST((core.empty() || core.starts_with('/') ||
                core.starts_with("given to the program ") || core.starts_with("written as ")),
               core);
  }
}

BOOST_AUTO_TEST_CASE(stack_of_a_throw) {
  const failed_child child;
  try {
    child.loaded.call("throw_three_deep", 2);
    BOOST_ERROR("nothing was thrown");
  } catch (const remote_exception& thrown) {
    BOOST_TEST_REQUIRE(thrown.stack().size() >= 3u);
    for (int i = 0; i != 3; ++i) {
      const stack_frame& frame = thrown.stack()[static_cast<std::size_t>(i)];
      BOOST_TEST(std::filesystem::path(frame.module).filename() == "failing.so",
                 text_of(thrown.stack()));
      BOOST_TEST(frame.build_id.size() == 40u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
