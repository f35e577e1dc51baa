// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/messages.hpp"
#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <span>

namespace glovebox::process {

/// In the fork server: starts the request's command, in a process that shares the server's memory
/// until it is executed, so that nothing of it is copied; the server stands still meanwhile. When a
/// step fails the process exits with 127. Call it with all signals blocked.
/// \returns the process; negative: there is none, and `errno` says why
pid_t start_command(const start_request& request,
                    std::span<const transport::unique_fd> descriptors);

}  // namespace glovebox::process
