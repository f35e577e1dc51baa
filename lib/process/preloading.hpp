// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/messages.hpp"
#include "process/module_trial.hpp"

#include <cerrno>
#include <string>

namespace glovebox::process {

/// What came of loading the modules that all children shall have. Nothing but empty texts: all went
/// well.
struct preloading {
  std::string error;           ///< why they are not there
  int error_number = ELIBBAD;  ///< `errno`
  std::string only_spawning;   ///< why children cannot be forked
};

/// Loads them into this process, the fork server's. Each is tried in a process of its own first:
/// one that crashes or hangs there takes nothing with it, and the threads that it leaves behind
/// would be missing in every child.
/// \param load null: this program does not load modules \param control see try_module
preloading preload(const preload_request& request, load_module_function load, int control);

}  // namespace glovebox::process
