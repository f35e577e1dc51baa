// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/messages.hpp"
#include "transport/unique_fd.hpp"

#include <glovebox/context_options.hpp>

#include <vector>

namespace glovebox::client {

/// What a fork server is asked when a child is to be started.
struct child_request {
  process::start_request start;
  process::preload_request preload;               ///< what its server is to have loaded
  std::vector<transport::unique_fd> descriptors;  ///< travel with the start request
  transport::unique_fd output;  ///< where the outputs that are kept come from, if any is
};

/// Takes over the child's ends. \throws std::system_error that names what could not be had
child_request request_for(const context_options& options, transport::unique_fd channel,
                          transport::unique_fd recorder);

}  // namespace glovebox::client
