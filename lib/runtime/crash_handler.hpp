// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/recorder.hpp"

namespace glovebox::runtime {

/// Makes fatal signals and failed allocations leave their evidence in the recorder: signal, code
/// and address, written on an alternate stack by an async-signal-safe handler that then lets the
/// signal take its default course. Call once, on the main thread. \throws std::system_error
void install_crash_handler(process::recorder_page& page);

}  // namespace glovebox::runtime
