// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/launcher.hpp"
#include "process/messages.hpp"
#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace glovebox::process {

/// What a child begins with. It owns all the descriptors, which are close-on-exec.
struct child_setup {
  int channel = -1;
  int recorder = -1;
  /// What `run_spawned_child` has still to apply [bytes]; children that run have it behind them.
  std::uint64_t memory_limit = 0;
  std::vector<std::string> arguments{};  ///< of the request
  std::vector<int> descriptors{};        ///< the extra ones of the request
};

/// The child's life. When it returns, stdio is flushed and the child exits with 0, without running
/// the image's exit handlers; an exception that leaves it ends the child through std::terminate.
using child_main_function = void (*)(child_setup);

/// In a child just forked from the fork server, whose own descriptors are closed already: prepares
/// as the request says, then calls `child_main`, or executes `self`. A step that fails is left in
/// the recorder (`start_errno` and `start_stage`, or `exec_errno`), with exit code 127.
[[noreturn]] void run_forked_child(const start_request& request,
                                   std::span<transport::unique_fd> descriptors, pid_t server,
                                   child_main_function child_main,
                                   const server_options& self) noexcept;

/// In a program executed as a spawned child, first thing in main.
[[noreturn]] void run_spawned_child(child_setup setup, child_main_function child_main) noexcept;

}  // namespace glovebox::process
