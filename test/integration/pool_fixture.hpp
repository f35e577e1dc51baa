// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/life.hpp"

#include <glovebox/pool.hpp>

#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace pool_test {

using namespace life;

// ---- in the child

inline int mark_and_die(const std::string& file, int n) {
  mark(file, n);
  std::abort();
}
inline int pid_after_gate(const std::string& path) {
  gate::pass(path);
  return ::getpid();
}

// ---- in the parent

inline glovebox::pool_options options_for(std::size_t size, std::size_t calls_per_child = 1) {
  glovebox::pool_options options;
  options.size = size;
  options.calls_per_child = calls_per_child;
  options.child.standard_error = glovebox::output::capture;
  return options;
}

inline int count(const std::vector<int>& all, int n) {
  return static_cast<int>(std::count(all.begin(), all.end(), n));
}

struct world {
  asio::io_context io;
  gate held;
  temporary_directory place;
  std::string file = place.file("marks");

  bool works(const glovebox::pool& workers) {
    ending call;
    workers.call<&echo>(5, into(call));
    run_until_over(io, call);
    return !call.error && call.value == 5;
  }
};

}  // namespace pool_test
