// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"

#include <vector>

namespace glovebox::runtime {

/// What a child does after it was prepared: serves its channel until that is closed.
void child_main(process::child_setup setup);

/// The descriptors that are the library's in a child, besides the standard ones: the one that
/// serving needs, and those which the parent gave and nobody has taken.
std::vector<int> descriptors_in_use();

}  // namespace glovebox::runtime
