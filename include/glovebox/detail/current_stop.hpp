// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <stop_token>

namespace glovebox::detail {

/// Child: tells the call that runs that its caller does not want it any more. On the child's main
/// thread; elsewhere, and outside of calls, a token that never stops.
GLOVEBOX_API std::stop_token current_stop_token();

}  // namespace glovebox::detail
