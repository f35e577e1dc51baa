// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <cstddef>

namespace glovebox::transport {

/// An empty memfd, close-on-exec, that can be sealed; -1 and errno when there is none.
unique_fd make_memory_file(const char* name) noexcept;

/// Gives a memfd its size, and optionally takes the memory at once. False with errno: EFBIG when
/// RLIMIT_FSIZE, which counts for memfds as well, is below it; the process is spared its SIGXFSZ.
bool resize(const unique_fd& file, std::size_t bytes) noexcept;
bool allocate(const unique_fd& file, std::size_t bytes) noexcept;

}  // namespace glovebox::transport
