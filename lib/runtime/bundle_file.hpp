// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/bundle.hpp"

#include <string>

namespace glovebox::runtime {

/// Reads a file that may be anything. \throws core::bundle_error, also when it cannot be read
core::bundle read_bundle_file(const std::string& path);

}  // namespace glovebox::runtime
