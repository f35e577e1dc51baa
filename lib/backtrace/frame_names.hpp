// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/stack_trace.hpp>

#include <vector>

namespace glovebox::backtrace {

/// Puts functions and lines to frames that have modules and offsets. A file that is another one by
/// its build id tells nothing.
std::vector<stack_frame> with_names(const std::vector<stack_frame>& frames);

}  // namespace glovebox::backtrace
