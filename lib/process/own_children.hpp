// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <optional>
#include <vector>

namespace glovebox::process {

/// The processes whose parent is the calling thread; nothing where there is no /proc.
std::optional<std::vector<pid_t>> own_children();

}  // namespace glovebox::process
