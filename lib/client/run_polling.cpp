// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/run_polling.hpp>

namespace glovebox {

std::size_t run_polling(asio::io_context& io, std::chrono::nanoseconds busy_poll) {
  using clock = std::chrono::steady_clock;
  std::size_t handlers = 0;
  auto last = clock::now();
  while (!io.stopped()) {
    std::size_t ran = io.poll();
    if (ran == 0 && !io.stopped() && clock::now() - last >= busy_poll) ran = io.run_one();
    if (ran != 0) last = clock::now();
    handlers += ran;
  }
  return handlers;
}

}  // namespace glovebox
