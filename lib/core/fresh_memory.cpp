// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/fresh_memory.hpp>

#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>

namespace glovebox::detail {

void about_to_fill(void* memory, std::size_t bytes) noexcept {
  if (bytes < fresh_memory_threshold) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto from = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const auto to = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
  const int before = errno;
  ::madvise(reinterpret_cast<void*>(from), to - from, MADV_POPULATE_WRITE);
  errno = before;
}

}  // namespace glovebox::detail
