// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/stack_trace.hpp>

#include <exception>
#include <vector>

namespace glovebox::runtime {

/// Finds out which program this process runs, which is no news to its forked children.
void remember_program() noexcept;
/// From now on this process remembers where exceptions are thrown: the last ones, by any thread.
void remember_throw_sites() noexcept;

/// Where the exception was thrown, the innermost frame first: addresses with their modules and
/// offsets. Empty when that is not known (any more). Thread-safe.
std::vector<stack_frame> throw_site_of(const std::exception_ptr& exception);

}  // namespace glovebox::runtime
