// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Counts what a test program takes from the heap. To be included by one file of a program: it
/// replaces operator new.

#include <malloc.h>
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace glovebox::test {

inline std::size_t live_bytes = 0;
inline std::size_t peak_bytes = 0;
inline std::size_t allocations = 0;

// Not inlined: the compiler would see malloc's memory in operator delete, and warn.
[[gnu::noinline]] inline void* counted(void* memory) {
  if (!memory) throw std::bad_alloc();
  ++allocations;
  live_bytes += ::malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return memory;
}
[[gnu::noinline]] inline void uncounted(void* memory) noexcept {
  live_bytes -= ::malloc_usable_size(memory);
  std::free(memory);
}

/// The most that is held at once while `action` runs, beyond what was held before [bytes].
template <class Action>
std::size_t memory_taken_by(Action&& action) {
  const std::size_t before = live_bytes;
  peak_bytes = live_bytes;
  action();
  return peak_bytes - before;
}

}  // namespace glovebox::test

void* operator new(std::size_t size) {
  return glovebox::test::counted(std::malloc(size));
}
void* operator new[](std::size_t size) {
  return glovebox::test::counted(std::malloc(size));
}
void operator delete(void* memory) noexcept {
  glovebox::test::uncounted(memory);
}
void operator delete[](void* memory) noexcept {
  glovebox::test::uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  glovebox::test::uncounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  glovebox::test::uncounted(memory);
}
