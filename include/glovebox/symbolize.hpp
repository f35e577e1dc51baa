// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/stack_trace.hpp>

#include <chrono>
#include <vector>

namespace glovebox {

/// Finds out the functions and source lines of frames that have only modules and offsets, as those
/// of `remote_exception::stack` do. Where functions were inlined there are more frames afterwards.
/// \code
/// catch (const remote_exception& thrown) {
///   thread_trace trace;
///   trace.frames = symbolize(thrown.stack());
///   std::cerr << thrown.message() << '\n' << to_text(trace);
/// }
/// \endcode
/// A program of its own reads the files (`glovebox-backtrace`), and this waits for it: some 20 ms,
/// `timeout` at most; on the thread of an event loop that is a long time. Frames that nothing is
/// found out about come back as they were: the file is gone, or was built again since.
///
/// Throws `std::bad_alloc` only. May be called on several threads at once.
GLOVEBOX_API std::vector<stack_frame> symbolize(
    std::vector<stack_frame> frames, std::chrono::nanoseconds timeout = std::chrono::seconds(5));

}  // namespace glovebox
