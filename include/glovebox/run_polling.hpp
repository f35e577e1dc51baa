// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>

#include <chrono>
#include <cstddef>

#include GLOVEBOX_ASIO_HEADER(io_context.hpp)

namespace glovebox {

/// `io.run()` for a parent of short calls: where there is nothing to do, it polls for so long
/// before it sleeps, which spares it to be woken up, at the price of a processor. Returns when the
/// io_context is stopped or out of work, as `run` does, the number of handlers that it ran. What
/// they throw passes through. Any number of threads may call this and `run` for the same
/// io_context. See also `context_options::busy_poll`, which is the same for the child.
GLOVEBOX_API std::size_t run_polling(
    asio::io_context& io, std::chrono::nanoseconds busy_poll = std::chrono::microseconds(50));

}  // namespace glovebox
