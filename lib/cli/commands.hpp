// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/bundle.hpp"

#include <stdexcept>
#include <string>

namespace glovebox::cli {

/// What the command's exit status says.
enum exit_status : int {
  reproduced = 0,      ///< the same failure; of other commands: done
  not_reproduced = 1,  ///< another failure, or none
  impossible = 2,      ///< nothing was run: the message says why, and what to do
};

/// Why a command cannot do what it shall, and what to do about it, for people. May have several
/// lines.
class problem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct repro_options {
  std::string bundle;       ///< path
  std::string image;        ///< what to run instead of the bundle's program; empty: that
  std::string directory;    ///< where to run it, instead of the bundle's
  bool in_process = false;  ///< without a child
  std::string with;         ///< a command to run it under, words separated by spaces
  bool gdb = false;
  bool break_at_call = false;
  bool no_limits = false;
  bool other_build = false;  ///< of the program: to see whether a change mends it
  bool output = false;       ///< show what the child writes
};

/// Reads a bundle. \throws problem
core::bundle open_bundle(const std::string& path);

/// `glovebox show`
void show(const std::string& path);

/// `glovebox repro`: in a child. \throws problem
exit_status repro_isolated(const repro_options& options);
/// `glovebox repro --in-process`, `--gdb`, `--with`: becomes the bundle's program. Returns never.
/// \throws problem
[[noreturn]] void repro_in_process(const repro_options& options);

}  // namespace glovebox::cli
