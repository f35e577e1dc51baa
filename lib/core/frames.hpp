// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/stack_trace.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace glovebox::core {

/// A function without its result, its parameters, and what the compiler appends to clones; what is
/// very long loses its template arguments. Any text will do.
std::string short_name(std::string_view function);

/// The frames as people want them: what the child's runtime does to call their code is left out,
/// also between two calls of theirs, and so is what starts a program.
std::vector<stack_frame> without_runtime(const std::vector<stack_frame>& frames);

}  // namespace glovebox::core
