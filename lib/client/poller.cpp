// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/poller.hpp"

#include <sched.h>
#include <atomic>
#include <stdexcept>
#include <string>

namespace glovebox::client {
namespace {

constinit std::atomic<int> pollers{0};

// Those that this process may use. 1 where there are more than a cpu_set_t holds.
int processors() {
  cpu_set_t mine;
  return ::sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 1;
}

}  // namespace

poller::poller() {
  const int others = pollers.fetch_add(1, std::memory_order_relaxed);
  const int all = processors();
  if (others + 2 <= all) return;
  pollers.fetch_sub(1, std::memory_order_relaxed);
  throw std::runtime_error(
      "context_options::busy_poll needs a processor for each child that polls, and one for the "
      "parent: there are " +
      std::to_string(all) + ", and " + std::to_string(others) +
      (others == 1 ? " child polls already" : " children poll already") +
      "; set it to 0, or have fewer of them");
}

poller::~poller() {
  pollers.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace glovebox::client
