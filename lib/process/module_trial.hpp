// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <string>

namespace glovebox::process {

/// Loads a module into this process. \throws std::exception that says why it cannot
using load_module_function = void (*)(const std::string& name);

/// What became of a module that was loaded in a process of its own.
struct trial {
  std::string error;
  long threads = 0;  ///< that it has left behind
  bool too_late = false;
};

/// How long several trials may take together.
struct trial_clock {
  explicit trial_clock(std::chrono::milliseconds all) : limit(all) {}
  /// What is left of it, for poll(2).
  int left_ms() const;

  std::chrono::milliseconds limit;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// Loads a module in a process of its own, where it may crash or hang. Not thread-safe: forks.
/// \param control when its other end is gone nobody waits for the result
trial try_module(const std::string& name, load_module_function load, int control,
                 const trial_clock& clock);

}  // namespace glovebox::process
