// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/counted_memory.hpp"

#include <malloc.h>
#include <cstdlib>
#include <new>

namespace glovebox::test {

heap_use& heap() noexcept {
  static constinit thread_local heap_use of_thread;
  return of_thread;
}

namespace {

// Not inlined: the compiler would see malloc's memory in operator delete, and warn.
[[gnu::noinline]] void* counted(void* memory) {
  if (!memory) return nullptr;
  heap_use& now = heap();
  ++now.allocations;
  now.live += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  now.peak = std::max(now.peak, now.live);
  return memory;
}
void* counted_or_thrown(std::size_t size) {
  void* const memory = counted(std::malloc(size));
  if (!memory) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void uncounted(void* memory) noexcept {
  heap().live -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace
}  // namespace glovebox::test

void* operator new(std::size_t size) {
  return glovebox::test::counted_or_thrown(size);
}
void* operator new[](std::size_t size) {
  return glovebox::test::counted_or_thrown(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return glovebox::test::counted(std::malloc(size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
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
