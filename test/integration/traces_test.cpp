// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the report of a failure says, for each kind of failure: the module's code is optimised and
// has no frame pointers.
#include "integration/call_fixture.hpp"
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"
#include "support/report_text.hpp"

#include <glovebox/symbolize.hpp>
#include <glovebox/sync.hpp>

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(traces_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::chrono_literals;

// The line that is marked so.
std::string line_of(const std::string& mark) {
  static const std::map<std::string, int> lines = [] {
    std::map<std::string, int> found;
    std::ifstream file(failing_module_source);
    std::string text;
    for (int number = 1; std::getline(file, text); ++number)
      if (const auto at = text.find("// mark: "); at != text.npos)
        found[text.substr(at + 9)] = number;
    return found;
  }();
  const auto found = lines.find(mark);
  return "failing_module.cpp:" + (found == lines.end() ? "?" : std::to_string(found->second));
}

context_options with_modules() {
  const std::filesystem::path tests = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  context_options options;
  options.module_path = {tests / "integration"};
  options.standard_error = output::capture;
  options.backtrace_timeout = 10s * time_scale;
  return options;
}

struct failed_child {
  explicit failed_child(const std::string& module = "failing",
                        context_options options = with_modules())
      : ctx(shared_io(), std::move(options)), loaded(sync(ctx).load_module(module)) {}

  template <class... A>
  termination after(const std::string& function, A&&... arguments) const {
    try {
      loaded.call(function, std::forward<A>(arguments)...);
    } catch (const process_terminated& why) {
      return why.info();
    } catch (const call_timeout& why) {
      return why.info();
    }
    BOOST_ERROR(function << " has returned");
    return {};
  }
  context ctx;
  sync_proxy loaded;
};

std::string summary_of(const stack_frame& frame) {
  return frame.function + " at " + std::filesystem::path(frame.file).filename().string() + ':' +
         std::to_string(frame.line);
}

// Whether these functions, with the lines that are marked with their names, stand on the stack one
// after the other; the first one innermost, or after `skipped` others.
void expect_frames(const termination& info, const std::vector<std::string>& functions,
                   std::size_t thread = 0, bool innermost = true) {
  BOOST_TEST_REQUIRE(info.threads.size() > thread, info.report());
  const std::vector<stack_frame>& frames = info.threads[thread].frames;
  const auto stands_at = [&](std::size_t at) {
    for (std::size_t i = 0; i != functions.size(); ++i) {
      if (at + i >= frames.size()) return false;
      const std::string text = summary_of(frames[at + i]);
      if (text.find(functions[i]) == text.npos || !text.ends_with(' ' + line_of(functions[i])))
        return false;
    }
    return true;
  };
  bool found = false;
  for (std::size_t at = 0; !found && at < (innermost ? 1 : frames.size()); ++at)
    found = stands_at(at);
  BOOST_TEST(found, info.report());
}

void expect_readable(const termination& info) {
  const std::string report = info.report();
  for (std::size_t at = 0; at < report.size();) {
    const std::size_t end = report.find('\n', at);
    BOOST_TEST(end - at <= 100u, report.substr(at, end - at));
    at = end + 1;
  }
}

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

BOOST_AUTO_TEST_CASE(without_a_stack) {
  const failed_child child;
  const termination info = child.after("crash_in_handler");
  BOOST_TEST(info.cause == cause::signal);
  BOOST_TEST(info.method == "crash_in_handler");
  expect_readable(info);
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

int own_crash(int n) {
  raise(SIGSEGV);
  return n;
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
  patient.backtrace_timeout = 20s * time_scale;
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

BOOST_AUTO_TEST_CASE(not_wanted) {
  context_options options = with_modules();
  options.backtrace_timeout = {};
  const failed_child child("failing", options);
  const termination info = child.after("null_dereference", 7, "argument");
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST(info.threads.empty());
}

// ---- what else is told
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

// ---- hangs
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

// ---- exceptions
std::string text_of(const std::vector<stack_frame>& stack) {
  thread_trace trace;
  trace.frames = stack;
  return to_text(trace);
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
