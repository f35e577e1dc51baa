// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"
#include "support/faults.hpp"

#include <glovebox/snapshot.hpp>

#include <pthread.h>
#include <sys/types.h>
#include <condition_variable>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

/// What the tests of snapshots share.
namespace snapshots {

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- in the child

inline int counter = 0;
inline int add(int n) {
  return counter += n;
}

/// Returns when it is told to stop.
inline void wait_for_stop(std::stop_token stop) {
  std::mutex lock;
  std::condition_variable_any never;
  std::unique_lock held(lock);
  never.wait(held, stop, [] { return false; });
}

inline std::optional<std::jthread> companion;
inline void start_thread() {
  std::promise<void> named;
  auto has_name = named.get_future();
  companion.emplace([&named](const std::stop_token& over) {
    ::pthread_setname_np(::pthread_self(), "companion");
    named.set_value();
    wait_for_stop(over);
  });
  has_name.wait();
}
inline void end_thread() {
  companion.reset();
}

// ---- in the parent

inline int add_in(const context& ctx, int n) {
  return get(ctx.call<&add>(n, use_future));
}
inline snapshot snapshot_of(const context& ctx) {
  return get(ctx.snapshot(use_future));
}
inline void go_back(const context& ctx, const snapshot& to) {
  get(ctx.roll_back(to, use_future));
}
inline cause crash(const context& ctx) {
  try {
    get(ctx.call<&commit_fault>(std::string("null_dereference"), use_future));
  } catch (const process_terminated& why) {
    return why.info().cause;
  }
  return {};
}

/// For a message: a copy has said by then who it is.
inline bool is_waiting(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  return text.find(") S ") != text.npos;
}

}  // namespace snapshots
