// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>

namespace glovebox::runtime {

/// Streams of which the parent has some items and not all: a child that went back to before them
/// would give them once more. Thread-safe.
void stream_is_open(const void* which);
/// It has ended, or is destroyed; it need not have been open.
void stream_is_over(const void* which) noexcept;
std::size_t open_streams() noexcept;

}  // namespace glovebox::runtime
