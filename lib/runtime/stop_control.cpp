// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/stop_control.hpp"

#include "process/signals.hpp"
#include "runtime/crash_handler.hpp"

#include <algorithm>
#include <optional>
#include <system_error>

namespace glovebox::runtime {

stop_control::~stop_control() {
  if (!listener_.joinable()) return;
  over_ = true;
  process::ring_bell(page_);
  listener_.join();
}

std::stop_token stop_control::token(std::uint64_t call) {
  std::stop_token token;
  {
    const std::lock_guard lock(lock_);
    for (const auto& [id, source] : running_)
      if (id == call) return source.get_token();
    token = running_.emplace_back(call, std::stop_source()).second.get_token();
  }
  if (!listener_.joinable()) {
    // Signals are for the threads that the code in the child knows.
    const process::all_signals_blocked blocked;
    listener_ = std::thread([this] { listen(); });
  }
  look();  // the wish may be older than the token
  return token;
}

void stop_control::ended(std::uint64_t call) noexcept {
  const std::lock_guard lock(lock_);
  std::erase_if(running_, [&](const auto& each) { return each.first == call; });
}

void stop_control::listen() {
  std::optional<alternate_stack> stack;
  try {
    stack.emplace();
  } catch (const std::system_error&) {
    // Without it, an overflow of this thread's stack is reported without details.
  }
  while (!over_) {
    const std::uint32_t heard = page_.bell.load(std::memory_order_seq_cst);
    look();
    if (!over_) process::await_bell(page_, heard);
  }
}

void stop_control::look() {
  std::vector<std::stop_source> stopped;
  {
    const std::lock_guard lock(lock_);
    for (const auto& [id, source] : running_)
      if (process::is_marked(page_, id)) stopped.push_back(source);
  }
  // Outside of the lock: this runs what the user's code has registered with the token.
  for (std::stop_source& each : stopped) each.request_stop();
}

}  // namespace glovebox::runtime
