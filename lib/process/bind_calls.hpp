// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>

namespace glovebox::process {

/// Has the functions that the program calls in its libraries looked up now, where the dynamic
/// linker would do it at the first call of each: every child forked from now on would have to do
/// that anew. What cannot be found is left as it is, and so is a program that is bound already.
/// \returns how many functions there were
std::size_t bind_calls() noexcept;

}  // namespace glovebox::process
