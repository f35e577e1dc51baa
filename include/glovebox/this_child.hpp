// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/file_descriptor.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// For code that runs in a child: what this child was given at its start. In the parent, and in a
/// fork server while it loads preloaded modules, there is nothing of it.
namespace glovebox::this_child {

/// `context_options::arguments`; empty in the parent. They don't change, so any thread may read
/// them at any time, and the reference stays valid.
GLOVEBOX_API const std::vector<std::string>& arguments() noexcept;

/// How many descriptors this child was given (`context_options::descriptors`), whether they were
/// taken or not; 0 in the parent. Thread-safe.
GLOVEBOX_API std::size_t descriptor_count() noexcept;

/// The number of the one at `index`, close-on-exec, which remains owned by the library; -1 when it
/// was taken. Thread-safe, but who takes it meanwhile may close it.
/// \throws std::out_of_range beyond `descriptor_count()`, for example in the parent
GLOVEBOX_API int descriptor(std::size_t index);

/// Hands the one at `index` over, close-on-exec: the caller owns it from now on. Empty when it was
/// taken before. Thread-safe.
/// \throws std::out_of_range beyond `descriptor_count()`, for example in the parent
GLOVEBOX_API file_descriptor take_descriptor(std::size_t index);

}  // namespace glovebox::this_child
