// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Row 18: the child calls what the parent gives it.
#include "acceptance/acceptance_fixture.hpp"

#include <glovebox/callback.hpp>

#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <atomic>
#include <memory>

BOOST_AUTO_TEST_SUITE(callbacks_test)

using namespace glovebox;
using namespace glovebox::test;

BOOST_FIXTURE_TEST_SUITE(callbacks, with_module)

BOOST_AUTO_TEST_CASE(row_18_a_callable_as_argument) {
  BOOST_TEST(module.call<int>("apply", callback([](int n) { return n + 1; }), 41) == 42);
  const int captured = 40;
  const auto add = callback([captured](int n) { return n + captured; });
  BOOST_TEST(module.call<int>("apply", keyword("f", add), keyword("n", 2)) == 42);
  std::vector<int> seen;
  module.call("repeat", callback([&](int n) { seen.push_back(n); }), 3);
  BOOST_TEST((seen == std::vector<int>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(row_18_reentrant) {
  // It runs where nothing may wait, so it is a coroutine.
  const proxy there = module.async();
  module.call("around", callback([there]() -> asio::awaitable<void> {
                co_await there.call("write", "inside");
              }));
  BOOST_TEST(module.call<std::string>("written") == "<inside>");
  module.call("around", callback([there]() -> asio::awaitable<void> {
                co_await there.call("write", "1");
                const auto inner = callback(
                    [there]() -> asio::awaitable<void> { co_await there.call("write", "2"); });
                co_await there.call("around", inner);
                co_await there.call("write", "3");
              }));
  BOOST_TEST(module.call<std::string>("written") == "<1<2>3>");
}

BOOST_AUTO_TEST_CASE(row_18_what_it_throws_is_thrown_in_the_child) {
  const auto far = callback([] { throw std::out_of_range("too far"); });
  BOOST_TEST(module.call<std::string>("caught", far) == "out_of_range: too far");
  const auto odd = callback([](int n) -> int { throw std::domain_error(std::to_string(n)); });
  BOOST_TEST(thrown<std::domain_error>([&] { module.call("apply", odd, 7); }) == "7");
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_18_arguments_that_do_not_fit) {
  const auto of_text =
      callback([](const std::string& text) { return static_cast<int>(text.size()); });
  BOOST_TEST(holds(thrown_here<std::runtime_error>([&] { module.call("apply", of_text, 1); }),
                   {"expected text, not an integer"}));
  const auto of_two = callback([](int a, int b) { return a + b; });
  BOOST_TEST(holds(thrown_here<std::runtime_error>([&] { module.call("apply", of_two, 1); }),
                   {"the callback takes 2 arguments"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_18_kept_and_called_later) {
  const auto alive = std::make_shared<std::atomic<int>>(0);
  {
    const std::shared_ptr<void> token(alive.get(), [alive](void*) { ++*alive; });
    module.call("store", kept([token](int n) { return n * 2; }));
  }
  BOOST_TEST(module.call<int>("call_stored", 21) == 42);
  BOOST_TEST(*alive == 0);
  module.call("forget");
  // Released exactly once.
  BOOST_TEST(eventually([&] { return *alive != 0; }));
  module.call("answer");
  BOOST_TEST(*alive == 1);
}

BOOST_AUTO_TEST_CASE(row_18_called_after_its_call) {
  module.call("store", callback([](int n) { return n; }));
  BOOST_TEST(holds(thrown<std::runtime_error>([&] { module.call("call_stored", 1); }),
                   {"the callback belongs to a call that has ended", "glovebox::kept"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_18_a_coroutine) {
  const auto later = callback([](int n) -> asio::awaitable<int> {
    asio::steady_timer soon(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await soon.async_wait(asio::use_awaitable);
    co_return n + 1;
  });
  BOOST_TEST(module.call<int>("apply", later, 41) == 42);
}

/// Calls itself through the child for ever.
asio::awaitable<int> recurse(proxy there, std::shared_ptr<std::atomic<int>> depth, int n) {
  ++*depth;
  const auto deeper = callback([there, depth](int m) { return recurse(there, depth, m); });
  co_return co_await there.call<int>("apply", deeper, n);
}

BOOST_AUTO_TEST_CASE(row_18_endless_recursion_is_bounded) {
  const auto depth = std::make_shared<std::atomic<int>>(0);
  const auto run = [&] {
    get(asio::co_spawn(shared_io(), recurse(module.async(), depth, 1), asio::use_future));
  };
  BOOST_TEST(holds(thrown<std::runtime_error>(run), {"callback", "64"}));
  BOOST_TEST(*depth == 65);
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
