// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Row 27: many objects of several threads.
#include "acceptance/acceptance_fixture.hpp"

#include <algorithm>
#include <random>
#include <utility>

BOOST_AUTO_TEST_SUITE(threads_test)

using namespace glovebox;
using namespace glovebox::test;

/// Makes objects, and drops them in any order; a part is always alive.
void make_and_drop(const proxy& module, int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<proxy> kept;
  std::vector<std::future<proxy>> waiting;
  const auto take = [&] {
    for (std::future<proxy>& made : waiting) kept.push_back(test::get(std::move(made)));
    waiting.clear();
    std::shuffle(kept.begin(), kept.end(), random);
  };
  for (int i = 0; i != count; ++i) {
    waiting.push_back(module.call<proxy>("Counter", i, asio::use_future));
    if (waiting.size() < 100) continue;
    take();
    kept.resize(kept.size() / 2);
  }
  take();
  while (!kept.empty()) kept.pop_back();
}

BOOST_AUTO_TEST_CASE(row_27_many_objects_of_four_threads) {
  constexpr int threads = 4;
  constexpr int each = 100'000 / threads / time_scale;  // fewer where each takes much longer
  running_io io(threads);
  const sync_context ctx{context(io.io, acceptance_options())};
  const sync_proxy module = ctx.load_module("acceptance");
  const std::uint64_t before = ctx.stats().objects;
  std::vector<std::future<void>> working;
  for (unsigned seed = 0; seed != threads; ++seed)
    working.push_back(std::async(std::launch::async,
                                 [&module, seed] { make_and_drop(module.async(), each, seed); }));
  for (std::future<void>& one : working) one.get();
  BOOST_TEST(module.call<int>("made", "Counter") == threads * each);
  BOOST_TEST(with_module::eventually([&] { return module.call<long>("living", "Counter") == 0; }));
  BOOST_TEST(ctx.stats().objects == before);  // the module
}

BOOST_AUTO_TEST_SUITE_END()
