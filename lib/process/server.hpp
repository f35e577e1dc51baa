// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"
#include "process/launcher.hpp"
#include "process/module_trial.hpp"

namespace glovebox::process {

/// The fork server: what a program does that was executed with its marker, first thing in main and
/// single-threaded. It starts children on request, reaps and reports them (messages.hpp), and with
/// each that ends kills its process group and whatever was orphaned. Processes that detach
/// themselves from their child belong to nobody, so they end with the next child that ends, at the
/// latest with their own. At the end of `control` it kills and reaps everything, and exits.
///
/// `self` is what spawned children execute.
/// `load` is given the names in a preload request, one after another; what it throws is reported.
[[noreturn]] void run_fork_server(int control, child_main_function child_main,
                                  const server_options& self,
                                  load_module_function load = nullptr) noexcept;

}  // namespace glovebox::process
