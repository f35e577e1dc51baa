// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/this_child.hpp>

#include <string>
#include <vector>

namespace glovebox::runtime {

/// What the functions of `glovebox::this_child` tell from now on. Once, before code of the user's
/// runs.
void set_given(std::vector<std::string> arguments, std::vector<file_descriptor> descriptors);

/// The given descriptors that nobody has taken.
std::vector<int> given_descriptors();

}  // namespace glovebox::runtime
