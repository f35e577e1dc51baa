// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/context_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace glovebox {

/// How many children a pool keeps, and what it does with too much work and with dying children.
/// Holds strings, so on g++ 12 it must not be written in braces inside a `co_await` expression.
struct pool_options {
  /// Children kept alive.
  std::size_t size = 2;
  /// How each of them is started and bounded.
  context_options child;
  /// Calls given to one child at a time. More than one hides the way to the child and back, which
  /// pays for calls shorter than about 0.1 ms; such calls then also wait for each other.
  std::size_t calls_per_child = 1;
  /// Calls that may wait for a child; one more ends with `overloaded`.
  std::size_t max_queue = 65536;
  /// How often a call is sent again that was queued in a child that died. One that had started is
  /// never sent again.
  std::uint32_t max_retries = 2;
  /// Pause before a child is started again after one that died before it was ready; doubled each
  /// time, up to `longest_pause`.
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(50);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(5);
};

/// Counters of a pool since its start.
struct pool_stats {
  std::size_t children = 0;      ///< alive now
  std::size_t running = 0;       ///< calls given to children now
  std::size_t queued = 0;        ///< calls waiting for a child now
  std::uint64_t calls = 0;       ///< taken
  std::uint64_t completed = 0;   ///< ended, one way or another
  std::uint64_t started = 0;     ///< children started
  std::uint64_t terminated = 0;  ///< children that ended while they were needed
  std::uint64_t retried = 0;     ///< calls sent again
  std::uint64_t rejected = 0;    ///< calls ended with `overloaded`
};

}  // namespace glovebox
