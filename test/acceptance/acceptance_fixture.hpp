// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// What the rows of the acceptance table have in common. They use nothing but the operations of
/// proxies, so they hold for whatever host runs the module: two programs are made of them, one
/// whose children run its own image, and one whose children run `glovebox-host`.

#include "integration/call_fixture.hpp"

#include <glovebox/sync.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace glovebox::test {

/// Where the modules are that the build has made.
inline std::string module_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "acceptance";
}

inline context_options acceptance_options() {
  context_options options;
  options.module_path = {module_directory()};
  options.standard_error = output::capture;  // last words are not a test's output
  return options;
}

/// A test case with a child that has the module.
struct with_module {
  sync_context ctx{context(shared_io(), acceptance_options())};
  sync_proxy module = ctx.load_module("acceptance");

  /// Polls for what a call tells: releases reach the child some time after their handles are gone.
  static bool eventually(const std::function<bool()>& met) {
    const auto limit = std::chrono::steady_clock::now() + hard_limit;
    while (!met()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

/// The text of what is thrown, which must be an E.
template <class E, class F>
std::string thrown_here(F&& run) {
  try {
    std::forward<F>(run)();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return "nothing was thrown";
}

/// The same, of what came from the child.
template <class E, class F>
std::string thrown(F&& run) {
  return thrown_here<E>([&] {
    try {
      run();
    } catch (const E& error) {
      BOOST_TEST(dynamic_cast<const remote_exception*>(&error) != nullptr);
      throw;
    }
  });
}

/// Whether all of these stand in the text.
inline boost::test_tools::assertion_result holds(const std::string& text,
                                                 std::initializer_list<std::string> parts) {
  for (const std::string& part : parts)
    if (text.find(part) == text.npos) {
      boost::test_tools::assertion_result missing(false);
      missing.message() << '\'' << part << "' is not in: " << text;
      return missing;
    }
  return true;
}

}  // namespace glovebox::test
