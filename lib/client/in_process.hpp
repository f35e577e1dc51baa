// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/child_thread.hpp"
#include "transport/unique_fd.hpp"

#include <glovebox/context_options.hpp>

#include <string>

namespace glovebox::client {

/// Whether these options, or the environment, want a child that is a thread (backend.hpp).
/// \throws std::runtime_error when GLOVEBOX_BACKEND says neither
bool is_thread(const context_options& options);

/// Of such a child, what options of a child process cannot hold for it.
/// \returns what has no effect, for `context::start_note()`
/// \throws std::runtime_error, for what must not be dropped: says what to do instead
std::string check_thread_options(const context_options& options);

/// \throws std::system_error for descriptors that cannot be had
runtime::thread_setup thread_setup_of(const context_options& options, transport::unique_fd channel,
                                      transport::unique_fd recorder);

}  // namespace glovebox::client
