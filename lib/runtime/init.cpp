// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/init.hpp>

#include "process/markers.hpp"
#include "process/server.hpp"
#include "runtime/child.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/own_image.hpp"
#include "runtime/rerun.hpp"
#include "runtime/throw_sites.hpp"

#include <atomic>

namespace glovebox {
namespace {

std::atomic<bool> initialised{false};

}  // namespace

namespace runtime {

bool own_image() noexcept {
  return initialised.load(std::memory_order_relaxed);
}

}  // namespace runtime

void init(int& argc, char** argv) {
  if (const auto control = process::fork_server_marker(argc, argv)) {
    runtime::remember_program();
    process::run_fork_server(*control, &runtime::child_main, {}, &runtime::load_named_module);
  }
  if (const auto setup = process::child_marker(argc, argv))
    process::run_spawned_child(*setup, &runtime::child_main);
  initialised.store(true, std::memory_order_relaxed);
  if (const auto again = runtime::rerun_marker(argc, argv)) runtime::run_again(*again);
}

}  // namespace glovebox
