// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "cli/commands.hpp"

#include <string>

namespace glovebox::cli {

/// The program to run: the bundle's or the one that was chosen, which must be the same build. So
/// must be the module of the function.
/// \throws problem that says what is not as it was, and what to do
std::string find_program(const core::bundle& from, const repro_options& options);

/// The directory to run it in; where that is gone, the current one, which is said on stderr.
std::string find_directory(const core::bundle& from, const repro_options& options);

/// Gives this process, and what it starts, those variables that the bundle has kept, and takes away
/// the others of their kind.
void apply_surroundings(const core::bundle& from);

}  // namespace glovebox::cli
