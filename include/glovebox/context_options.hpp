// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/limits.hpp>
#include <glovebox/start_method.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace glovebox {

/// Where a child's standard output or error goes.
enum class output : std::uint8_t {
  inherit,  ///< the parent's own
  null,     ///< nowhere
  capture,  ///< kept for reports: the last lines
  tee,      ///< kept, and copied to the parent's standard error
};

/// How a child is started and bounded. Holds strings, so on g++ 12 it must not be written in
/// braces inside a `co_await` expression; give it to a constructor, or name it first.
struct context_options {
  start_method method = start_method::forkserver;
  /// Address space the child may take beyond what it has at its start [bytes]; 0: no limit.
  /// Beyond it, `new` throws `std::bad_alloc` and `malloc` returns a null pointer (RLIMIT_AS,
  /// getrlimit(2)).
  std::uint64_t memory_limit = 0;
  /// The child must say that it is ready within this time.
  std::chrono::nanoseconds start_timeout = std::chrono::seconds(10);
  /// How long `stop()` and the destructor let the child finish by itself before they kill it.
  std::chrono::nanoseconds stop_grace = std::chrono::milliseconds(500);
  output standard_output = output::inherit;
  output standard_error = output::tee;
  /// `NAME=value` sets, `NAME` unsets a variable in the child's environment.
  std::vector<std::string> environment;
  /// Directories in which the child looks for modules, before those of the environment's
  /// GLOVEBOX_MODULE_PATH and the one where modules are installed.
  std::vector<std::string> module_path;
  /// Working directory; empty: the parent's.
  std::string directory;
  /// Whether a crash may write a core file.
  bool core_dumps = false;
  glovebox::limits limits;
};

}  // namespace glovebox
