// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/preloading.hpp"

#include "process/keep_mapped.hpp"
#include "process/signals.hpp"

#include <cstdlib>
#include <exception>

namespace glovebox::process {

preloading preload(const preload_request& request, load_module_function load, int control) {
  preloading done;
  if (!request.module_path.empty())
    ::setenv("GLOVEBOX_MODULE_PATH", request.module_path.c_str(), 1);
  if (!load) done.error = "this program does not load modules";
  const trial_clock clock(request.timeout);
  for (const std::string& module : request.modules) {
    if (!done.error.empty() || !done.only_spawning.empty()) return done;
    const trial tried = try_module(module, load, control, clock);
    if (!tried.error.empty()) {
      done.error = tried.error;
      if (tried.too_late) done.error_number = ETIMEDOUT;
    } else if (const long left = tried.threads; left > 0) {
      done.only_spawning = "children are spawned, since the module '" + module + "' leaves " +
                           std::to_string(left) + (left == 1 ? " thread" : " threads") +
                           " behind when it is loaded";
    } else {
      try {
        load(module);
      } catch (const std::exception& why) {
        done.error = why.what();
      }
      default_signal_actions();
    }
  }
  keep_code_mapped();
  return done;
}

}  // namespace glovebox::process
