// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/exception_record.hpp"

namespace glovebox::runtime {

/// The exception being handled, as it travels. Call inside a catch block.
core::exception_record capture_current_exception();

}  // namespace glovebox::runtime
