// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Pools whose calls run in copies of a prepared child, or in new ones.
#include "integration/snapshot_fixture.hpp"
#include "support/faults.hpp"

#include <asio/awaitable.hpp>

#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_pool_test)

using namespace snapshots;

int fixtures_made = 0;
void make_fixture() {
  ++fixtures_made;
  counter = 40;
}
int fixtures() {
  return fixtures_made;
}

pool_options copying() {
  pool_options options;
  options.size = 2;
  options.isolation = isolation::copy;
  options.prepare = [](context child) -> asio::awaitable<void> {
    co_await child.call<&make_fixture>();
  };
  return options;
}

BOOST_AUTO_TEST_CASE(calls_in_copies_of_a_fixture) {
  const pool workers(shared_io(), copying());
  std::vector<std::future<int>> calls;
  std::vector<std::future<void>> crashes;
  for (int i = 0; i != 40; ++i) {
    calls.push_back(workers.call<&add>(2, use_future));
    if (i % 8 == 0)
      crashes.push_back(workers.call<&commit_fault>(std::string("null_dereference"), use_future));
  }
  for (auto& each : calls) BOOST_TEST(get(std::move(each)) == 42);
  for (auto& each : crashes) BOOST_CHECK_THROW(get(std::move(each)), process_terminated);
  // All of them are copies of one.
  BOOST_TEST(get(workers.call<&fixtures>(use_future)) == 1);
  BOOST_TEST(workers.stats().started >= 46u);
}

BOOST_AUTO_TEST_CASE(a_fixture_that_fails) {
  pool_options options = copying();
  options.first_pause = std::chrono::milliseconds(1);
  options.prepare = [](context) -> asio::awaitable<void> {
    throw std::runtime_error("no model");
    co_return;
  };
  const pool workers(shared_io(), options);
  BOOST_TEST(message_of<std::runtime_error>([&] { get(workers.call<&add>(1, use_future)); }) ==
             "no model");
  options = copying();
  options.first_pause = std::chrono::milliseconds(1);
  options.prepare = [](context child) -> asio::awaitable<void> {
    co_await child.call<&start_thread>();
  };
  const pool threaded(shared_io(), options);
  const std::string why =
      message_of<std::runtime_error>([&] { get(threaded.call<&add>(1, use_future)); });
  BOOST_TEST(why.find("'companion'") != std::string::npos, why);
}

BOOST_AUTO_TEST_CASE(calls_in_fresh_children) {
  pool_options options;
  options.isolation = isolation::fresh;
  const pool workers(shared_io(), options);
  for (int i = 0; i != 5; ++i) BOOST_TEST(get(workers.call<&add>(1, use_future)) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
