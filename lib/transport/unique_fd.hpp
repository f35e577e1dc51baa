// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/file_descriptor.hpp>

namespace glovebox::transport {

using unique_fd = file_descriptor;

}  // namespace glovebox::transport
