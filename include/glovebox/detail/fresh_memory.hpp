// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstddef>

namespace glovebox::detail {

/// Smaller pieces are mostly memory that was used before [bytes].
inline constexpr std::size_t fresh_memory_threshold = 128 * 1024;

/// Has the kernel make the pages of memory that is about to be filled, those that are not there
/// yet, at once: at their first touch, one by one, they cost more than filling them does. Changes
/// nothing that is in the memory. Below the threshold, or where the kernel can't (before Linux
/// 5.14), it does nothing.
GLOVEBOX_API void about_to_fill(void* memory, std::size_t bytes) noexcept;

}  // namespace glovebox::detail
