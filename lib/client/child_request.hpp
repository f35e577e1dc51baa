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

/// A child's outputs that are kept share a pipe, so that their lines stay in order.
class output_ends {
 public:
  /// What the child gets for one of its outputs; nothing when it inherits the parent's.
  /// \throws std::system_error
  transport::unique_fd end_of(output where);
  transport::unique_fd read_end;  ///< set when an output is kept; does not block

 private:
  transport::unique_fd kept_end();
  transport::unique_fd write_end_;
};

/// Takes over the child's ends. \throws std::system_error that names what could not be had
child_request request_for(const context_options& options, transport::unique_fd channel,
                          transport::unique_fd recorder);

}  // namespace glovebox::client
