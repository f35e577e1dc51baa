// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string>

namespace glovebox::client {

/// What children run: this program's own image when glovebox::init ran in it, else glovebox-host,
/// which the environment variable GLOVEBOX_HOST may point to.
std::string host_program();

/// Decides it for this process, before the first child is started. For programs that run others'
/// cases again.
void choose_host_program(std::string path);

}  // namespace glovebox::client
