// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <optional>
#include <string>

namespace glovebox::runtime {

/// What argv[1] says that this program shall do: run the case of a bundle itself, without a child
/// (`--glovebox-rerun=BUNDLE`; with `-unlimited` and `-other-build` before the `=`).
struct rerun {
  std::string bundle;        ///< path
  bool limited = true;       ///< whether the bundle's limits hold
  bool other_build = false;  ///< the function is found by its name
};
std::string rerun_argument(const rerun& what);
std::optional<rerun> rerun_marker(int argc, const char* const* argv);

/// Makes the bundle's call in this process, as if the program's main had. The signal it raises ends
/// the process. Otherwise the exit status tells whether what happened is what the bundle says: 0 if
/// so, 1 if not, 2 when the call could not be made.
[[noreturn]] void run_again(const rerun& what);

}  // namespace glovebox::runtime

/// Does nothing, right before the call is made: a place for breakpoints.
extern "C" __attribute__((visibility("default"))) void glovebox_before_call() noexcept;
