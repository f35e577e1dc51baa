// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/backtrace_programs.hpp"
#include "integration/call_fixture.hpp"
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"
#include "support/report_text.hpp"

#include <glovebox/symbolize.hpp>
#include <glovebox/sync.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

/// What the tests of reports share. The module whose functions fail is optimised, and has no frame
/// pointers.
namespace traces {

using namespace glovebox;
using namespace glovebox::test;
using namespace std::chrono_literals;

/// A precondition of tests that expect names and lines.
inline boost::test_tools::assertion_result knows_names(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result known(have_elfutils);
  known.message() << "needs the package libdw-dev";
  return known;
}

// The line that is marked so.
inline std::string line_of(const std::string& mark) {
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

inline context_options with_modules() {
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

inline std::string summary_of(const stack_frame& frame) {
  return frame.function + " at " + std::filesystem::path(frame.file).filename().string() + ':' +
         std::to_string(frame.line);
}

// Whether these functions, with the lines that are marked with their names, stand on the stack one
// after the other; the first one innermost, or after `skipped` others.
inline void expect_frames(const termination& info, const std::vector<std::string>& functions,
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
  std::size_t first = 0;
  // What the thread sanitizer does for each access to memory is none of the child's functions.
  while (glovebox::test::under_thread_sanitizer && first < frames.size() &&
         frames[first].function.find("__tsan") != std::string::npos)
    ++first;
  bool found = false;
  for (std::size_t at = first; !found && at < (innermost ? first + 1 : frames.size()); ++at)
    found = stands_at(at);
  BOOST_TEST(found, info.report());
}

inline void expect_readable(const termination& info) {
  const std::string report = info.report();
  for (std::size_t at = 0; at < report.size();) {
    const std::size_t end = report.find('\n', at);
    BOOST_TEST(end - at <= 100u, report.substr(at, end - at));
    at = end + 1;
  }
}

inline std::string text_of(const std::vector<stack_frame>& stack) {
  thread_trace trace;
  trace.frames = stack;
  return to_text(trace);
}

// ---- in the child

inline int own_crash(int n) {
  raise(SIGSEGV);
  return n;
}

}  // namespace traces
