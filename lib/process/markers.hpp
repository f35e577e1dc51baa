// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"

#include <optional>
#include <string>

namespace glovebox::process {

/// argv[1] tells a program that it was executed as a fork server (`--glovebox-fork-server=CONTROL`)
/// or as a spawned child (`--glovebox-child=CHANNEL,RECORDER,MEMORY_LIMIT,DESCRIPTORS`, the last
/// one being how many extra ones follow the recorder's number). Only argv[1] counts: further
/// arguments are the user's, whatever they look like; in a child they are those of its request.
std::string fork_server_argument(int control);
/// Whoever executes it puts the descriptors and the arguments in their place.
std::string child_argument(const child_setup&);

/// The descriptor of the control socket; nothing when this is no fork server.
std::optional<int> fork_server_marker(int argc, const char* const* argv);
/// What `run_spawned_child` needs; nothing when this is no spawned child.
std::optional<child_setup> child_marker(int argc, const char* const* argv);

}  // namespace glovebox::process
