// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Debian's unmodified stb_image, once for all that decode with it.
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace {

// Of damaged files the library reads memory that it never wrote; were that not zeroed, one run
// would accept what the next refuses. Small blocks don't come from calloc: glibc's passes by the
// cache in which no double free goes unseen.
void* zeroed(std::size_t size) {
  constexpr std::size_t small = 64 * 1024;
  if (size > small) return std::calloc(1, size);
  // Volatile, because compilers make one calloc of a malloc and the memset of its result.
  void* volatile memory = std::malloc(size);
  return memory ? std::memset(memory, 0, size) : nullptr;
}

}  // namespace

// Apart from the memory, which it leaves to its users, this is the library as Debian ships it,
// assertions included.
#define STBI_MALLOC(size) zeroed(size)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_STDIO
#include <stb/stb_image.h>
