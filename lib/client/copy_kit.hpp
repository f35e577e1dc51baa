// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/recorder.hpp"
#include "transport/unique_fd.hpp"

#include <glovebox/context_options.hpp>

namespace glovebox::client {

/// What a copy of a child is made with, the parent's ends and those of the others. It can be made
/// long before.
struct copy_kit {
  transport::unique_fd channel, childs_channel;             ///< see process::settle_copy
  transport::unique_fd registration, servers_registration;  ///< see process::adopt_request
  process::recorder recorder;
  transport::unique_fd memory;                           ///< the recorder's
  transport::unique_fd standard_output, standard_error;  ///< see output_ends
  transport::unique_fd output;                           ///< the parent's end of those

  /// \throws std::system_error
  static copy_kit make(const context_options& options);
};

}  // namespace glovebox::client
