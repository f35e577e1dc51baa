// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/stack_trace.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace glovebox::core {

/// What stack traces as they travel cannot exceed. Longer texts are cut when they are written.
struct trace_limits {
  static constexpr std::size_t threads = 64;
  static constexpr std::size_t frames = 1024;  ///< of all threads
  static constexpr std::size_t text = 4 * 1024;
  /// Of all that is written, with room to spare: nobody needs to read more.
  static constexpr std::size_t bytes = 16 * 1024 * 1024;
};

/// Threads and frames beyond the limits are left out.
std::vector<std::byte> encode(std::span<const thread_trace> traces);

/// Nothing, unless the bytes are what `encode` writes, to the last one.
std::optional<std::vector<thread_trace>> decode_traces(std::span<const std::byte> bytes);

}  // namespace glovebox::core
