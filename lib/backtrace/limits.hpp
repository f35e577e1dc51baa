// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::backtrace {

/// Before anything else: what this process may use up at most, and that it stays off the network.
void limit_self();

/// Has memory at hand for what is read: names are found by reading megabytes of debug information,
/// once. Memory that is touched page by page costs more than the reading.
void take_memory();

}  // namespace glovebox::backtrace
