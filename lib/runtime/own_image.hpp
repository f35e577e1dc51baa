// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::runtime {

/// Whether glovebox::init ran, so that children may run this program's own image.
bool own_image() noexcept;

}  // namespace glovebox::runtime
