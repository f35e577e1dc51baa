// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

namespace glovebox::transport {

/// An empty memfd, close-on-exec, that can be sealed; -1 and errno when there is none.
unique_fd make_memory_file(const char* name) noexcept;

}  // namespace glovebox::transport
