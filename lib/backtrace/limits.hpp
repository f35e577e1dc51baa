// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::backtrace {

/// Before anything else: what this process may use up at most, and that it stays off the network.
void limit_self();

}  // namespace glovebox::backtrace
