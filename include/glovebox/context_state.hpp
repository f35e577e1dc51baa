// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstdint>
#include <string_view>

namespace glovebox {

/// The life of a context; it only moves downwards, unless the context goes back to a snapshot.
enum class context_state : std::uint8_t {
  not_started,  ///< default-constructed or moved from
  starting,     ///< calls are taken, the child is on its way
  ready,
  terminating,  ///< no calls are taken, the child's end is awaited
  terminated,
};

GLOVEBOX_API std::string_view to_string(context_state) noexcept;

/// Counters of one context since its start.
struct context_stats {
  std::uint64_t calls = 0;     ///< taken
  std::uint64_t answered = 0;  ///< by a result or a remote exception
  std::uint64_t open = 0;      ///< waiting for an answer now
  std::uint64_t objects = 0;   ///< references to remote objects that the parent holds
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t roll_backs = 0;  ///< how often it went back to a snapshot
};

}  // namespace glovebox
