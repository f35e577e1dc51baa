// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"

#include <asio/co_spawn.hpp>
#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

namespace glovebox::test {

// ---- in the child

inline std::atomic<int> alive{0};
inline std::atomic<int> made{0};

/// Counts what a generator's frame holds.
struct counted {
  counted() { ++alive; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
};

inline generator<int> numbers(int n) {
  for (int i = 0; i != n; ++i) co_yield i;
}
inline generator<int> endless() {
  const counted here;
  for (int i = 0;; ++i) {
    ++made;
    co_yield i;
  }
}
inline generator<std::string> throws_after(int n) {
  const counted here;
  for (int i = 0; i != n; ++i) co_yield "item " + std::to_string(i);
  throw std::out_of_range("behind item " + std::to_string(n));
}
inline generator<int> dies_after(int n) {
  for (int i = 0; i != n; ++i) co_yield i;
  std::raise(SIGSEGV);
}

// ---- in the parent

template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), std::forward<F>(body), asio::use_future));
}

struct with_child : one_child {
  int child_alive() const {
    return get(ctx.call([] { return alive.load(); }, asio::use_future));
  }
  int child_made() const {
    return get(ctx.call([] { return made.load(); }, asio::use_future));
  }
  // Releases reach the child some time after the handle is gone, before a later call.
  void expect_nothing_left() const {
    const auto limit = std::chrono::steady_clock::now() + hard_limit;
    while (child_alive() != 0 && std::chrono::steady_clock::now() < limit) {
    }
    BOOST_TEST(child_alive() == 0);
    BOOST_TEST(ctx.stats().objects == 0u);
  }
};

}  // namespace glovebox::test
