// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

namespace glovebox {

/// The first line of `main`. In the parent it returns at once and makes this program's own image
/// the one that children run, so that its functions, lambdas and classes can be called there. In a
/// child (the same program, started by glovebox) it serves calls and never returns.
///
/// Static initialisers of the program run before it, in every child too. Without this call,
/// contexts run the installed `glovebox-host`, which has none of this program's functions.
///
/// \param argc, argv those of `main`; left as they are
GLOVEBOX_API void init(int& argc, char** argv);

}  // namespace glovebox
