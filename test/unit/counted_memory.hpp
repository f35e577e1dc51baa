// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Counts what each thread of a test program takes from the heap and gives back. counted_memory.cpp
/// replaces operator new for that.

#include <algorithm>
#include <cstddef>

namespace glovebox::test {

struct heap_use {
  std::ptrdiff_t live = 0;  // [bytes]; negative when what others have taken was given back here
  std::ptrdiff_t peak = 0;  // [bytes]
  std::size_t allocations = 0;
};
/// This thread's.
heap_use& heap() noexcept;

/// The most that this thread holds at once while `action` runs, beyond what it held before [bytes].
template <class Action>
std::size_t memory_taken_by(Action&& action) {
  heap_use& now = heap();
  const std::ptrdiff_t before = now.live;
  now.peak = before;
  action();
  return static_cast<std::size_t>(now.peak - before);
}

}  // namespace glovebox::test
