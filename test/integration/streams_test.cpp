// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Items that come from a child one after another, in typed calls.
#include "integration/gate.hpp"
#include "integration/handle.hpp"
#include "integration/stream_fixture.hpp"

#include <glovebox/asio.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(streams_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- in the child

generator<int> slow() {
  for (int i = 0;; ++i) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < until) {
    }
    ++made;
    co_yield i;
  }
}
/// Before the first item as well: a chunk that holds one is sent when its time is over.
generator<int> waits_at(std::string path) {
  for (int i = 1; i != 5; ++i) {
    gate::pass(path);
    co_yield i;
  }
}
generator<std::string> long_texts(int n) {
  for (int i = 0; i != n; ++i) co_yield std::string(20'000, static_cast<char>('a' + i % 26));
}

/// Has no empty state.
struct numbered {
  int value;
};
struct table {
  std::vector<numbered> rows{{1}, {2}};
  generator<int> values() const {
    for (const numbered& each : rows) co_yield each.value;
  }
};

generator<handle> handles(int n) {
  for (int i = 0; i != n; ++i) co_yield handle(i);
}

// ---- in the parent

template <class T>
std::vector<T> all_of(const item_range<T>& items) {
  std::vector<T> all;
  run([&]() -> asio::awaitable<void> {
    while (std::optional<T> next = co_await items.next()) all.push_back(std::move(*next));
  });
  return all;
}

std::vector<int> up_to(int n) {
  std::vector<int> wanted;
  for (int i = 0; i != n; ++i) wanted.push_back(i);
  return wanted;
}

template <class Expected, class F>
std::string thrown_by(F&& body) {
  try {
    body();
  } catch (const Expected& error) {
    return error.what();
  }
  return "nothing was thrown";
}

BOOST_FIXTURE_TEST_SUITE(typed, with_child)

BOOST_AUTO_TEST_CASE(row_09_a_generator) {
  run([this]() -> asio::awaitable<void> {
    const item_range<int> items = co_await ctx.call<&numbers>(10);
    int wanted = 0;
    while (const std::optional<int> n = co_await items.next()) BOOST_TEST(*n == wanted++);
    BOOST_TEST(wanted == 10);
    const std::optional<int> behind = co_await items.next();
    BOOST_TEST(!behind);
  });
  get(asio::post(shared_io(), use_future([] {})));  // until that thread has left the coroutine
  BOOST_TEST(ctx.stats().objects == 0u);
  BOOST_TEST((all_of(get(ctx.call<&numbers>(100'000, use_future))) == up_to(100'000)));
  BOOST_TEST(all_of(get(ctx.call<&numbers>(0, use_future))).empty());
  const auto lambda = []() -> generator<std::string> {
    const std::string kept = "kept";
    co_yield kept;
    co_yield kept + " too";
  };
  const std::vector<std::string> texts = all_of(get(ctx.call(lambda, use_future)));
  BOOST_TEST((texts == std::vector<std::string>{"kept", "kept too"}));
}

BOOST_AUTO_TEST_CASE(row_09_a_container) {
  const std::vector<int> values = up_to(10'000);
  const auto vector = get(ctx.make<std::vector<int>>(values, use_future));
  BOOST_TEST((all_of(get(vector.iterate(use_future))) == values));
  BOOST_TEST((all_of(get(vector.iterate(use_future))) == values));
  const remote<const std::vector<int>> constant = vector;
  BOOST_TEST((all_of(get(constant.iterate(use_future))) == values));
  const std::map<int, std::string> counts{{1, "one"}, {2, "two"}};
  const auto map = get(ctx.make<std::map<int, std::string>>(counts, use_future));
  const item_range<std::pair<int, std::string>> pairs = get(map.iterate(use_future));
  const auto all = all_of(pairs);
  BOOST_TEST((std::map<int, std::string>(all.begin(), all.end()) == counts));
  const auto bits = get(ctx.make<std::vector<bool>>(std::vector<bool>{true, false}, use_future));
  BOOST_TEST((all_of(get(bits.iterate(use_future))) == std::vector<bool>{true, false}));
}

BOOST_AUTO_TEST_CASE(a_member_that_generates_and_a_range_that_nobody_else_holds) {
  remote<table> rows = get(ctx.make<table>(use_future));
  BOOST_TEST((all_of(get(rows.call<&table::values>(use_future))) == std::vector<int>{1, 2}));
  rows = {};
  item_range<int> items;
  {
    const auto vector = get(ctx.make<std::vector<int>>(std::vector<int>{1, 2}, use_future));
    items = get(vector.iterate(use_future));
  }
  get(ctx.call([] {}, use_future));
  BOOST_TEST((all_of(items) == std::vector<int>{1, 2}));
  items = {};
  expect_nothing_left();
}

BOOST_AUTO_TEST_CASE(row_09_a_generator_that_throws_after_one_item) {
  run([this]() -> asio::awaitable<void> {
    const item_range<std::string> items = co_await ctx.call<&throws_after>(1);
    const std::optional<std::string> first = co_await items.next();
    BOOST_TEST((first == "item 0"));
    std::string caught;
    try {
      co_await items.next();
    } catch (const std::out_of_range& error) {
      caught = error.what();
      BOOST_TEST(dynamic_cast<const remote_exception*>(&error));
    }
    BOOST_TEST(caught == "behind item 1");
    const std::optional<std::string> behind = co_await items.next();
    BOOST_TEST(!behind);
  });
  expect_nothing_left();
  // At once, and behind many chunks.
  for (const int count : {0, 20'000}) {
    const item_range<std::string> items = get(ctx.call<&throws_after>(count, use_future));
    run([&]() -> asio::awaitable<void> {
      for (int i = 0; i != count; ++i) {
        const std::optional<std::string> got = co_await items.next();
        BOOST_REQUIRE((got == "item " + std::to_string(i)));
      }
    });
    BOOST_TEST(thrown_by<std::out_of_range>([&] { get(items.next(use_future)); }) ==
               "behind item " + std::to_string(count));
    BOOST_TEST(!get(items.next(use_future)));
  }
}

BOOST_AUTO_TEST_CASE(row_09_an_endless_one_abandoned_half_way) {
  {
    item_range<int> items = get(ctx.call<&endless>(use_future));
    const item_range<int> copy = items;
    run([&]() -> asio::awaitable<void> {
      for (int i = 0; i != 10'000; ++i) {
        const std::optional<int> got = co_await (i % 2 ? items : copy).next();
        BOOST_REQUIRE((got && *got == i));
      }
    });
    items = {};
    BOOST_TEST(child_alive() == 1);
    BOOST_TEST((get(copy.next(use_future)) == 10'000));
  }
  expect_nothing_left();
  BOOST_TEST((all_of(get(ctx.call<&numbers>(3, use_future))) == up_to(3)));
}

BOOST_AUTO_TEST_CASE(a_slow_consumer_stops_the_producer) {
  const item_range<int> items = get(ctx.call<&endless>(use_future));
  BOOST_TEST(child_made() == 0);  // nothing before the first next
  constexpr int chunk = 4096;
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i != 5 * chunk; ++i) {
      const std::optional<int> got = co_await items.next();
      BOOST_REQUIRE((got && *got == i));
      if (i % 1000 != 0) continue;
      const int so_far = co_await ctx.call([] { return made.load(); });
      BOOST_TEST(so_far - i <= 2 * chunk);
    }
  });
  // Whatever is waited for, no more is made.
  const int before = child_made();
  for (int i = 0; i != 100; ++i) BOOST_REQUIRE(child_made() == before);
}

BOOST_AUTO_TEST_CASE(items_of_a_slow_producer_are_not_held_back) {
  const item_range<int> items = get(ctx.call<&slow>(use_future));
  for (int i = 0; i != 5; ++i) {
    BOOST_TEST((get(items.next(use_future)) == i));
    BOOST_TEST(child_made() <= i + 2);  // this one, and the one that was made ahead
  }
}

BOOST_AUTO_TEST_CASE(large_items_and_items_without_an_empty_state) {
  const auto texts = all_of(get(ctx.call<&long_texts>(300, use_future)));
  BOOST_REQUIRE(texts.size() == 300u);
  for (std::size_t i = 0; i != 300; ++i)
    BOOST_TEST((texts[i] == std::string(20'000, static_cast<char>('a' + i % 26))));
  const auto some = all_of(get(ctx.call<&handles>(100, use_future)));
  BOOST_REQUIRE(some.size() == 100u);
  BOOST_TEST(some.back().number() == 99);
}

BOOST_AUTO_TEST_CASE(a_cancelled_next_loses_no_item) {
  const gate there;
  const item_range<int> items = get(ctx.call<&waits_at>(there.path(), use_future));
  for (const auto level : {asio::cancellation_type::total, asio::cancellation_type::terminal}) {
    asio::cancellation_signal stop;
    std::promise<std::exception_ptr> ended;
    items.next(asio::bind_cancellation_slot(stop.slot(),
                                            [&](std::exception_ptr error, std::optional<int> none) {
                                              BOOST_TEST(!none);
                                              ended.set_value(std::move(error));
                                            }));
    if (level == asio::cancellation_type::total) there.wait_for_one();
    asio::post(shared_io(), [&] { stop.emit(level); });
    const std::exception_ptr error = get(ended.get_future());
    BOOST_TEST((error_of(error).code == make_error_code(asio::error::operation_aborted)));
  }
  for (int i = 0; i != 4; ++i) there.open();
  BOOST_TEST((all_of(items) == std::vector<int>{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(one_next_at_a_time) {
  const gate there;
  const item_range<int> items = get(ctx.call<&waits_at>(there.path(), use_future));
  auto first = items.next(use_future);
  there.wait_for_one();
  const std::string why = thrown_by<state_error>([&] { get(items.next(use_future)); });
  BOOST_TEST(why.find("has not ended") != std::string::npos, why);
  run([&]() -> asio::awaitable<void> {
    bool refused = false;
    try {
      co_await items.next();
    } catch (const state_error&) {
      refused = true;
    }
    BOOST_TEST(refused);
  });
  for (int i = 0; i != 4; ++i) there.open();
  BOOST_TEST((get(std::move(first)) == 1));
  BOOST_TEST((all_of(items) == std::vector<int>{2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_meanwhile) {
  const item_range<int> items = get(ctx.call<&dies_after>(10, use_future));
  const std::string why = thrown_by<process_terminated>([&] { get(items.next(use_future)); });
  BOOST_TEST(why.find("SIGSEGV") != std::string::npos, why);
  BOOST_TEST(!get(items.next(use_future)));
  BOOST_TEST((ctx.state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(a_child_that_died_between_two_chunks) {
  const item_range<int> items = get(ctx.call<&endless>(use_future));
  BOOST_TEST((get(items.next(use_future)) == 0));
  get(ctx.call([] {}, use_future));  // the second chunk is there
  ctx.kill();
  get(ctx.stop(use_future));
  int got = 1;
  std::string why;
  try {
    while (const std::optional<int> next = get(items.next(use_future))) BOOST_TEST(*next == got++);
  } catch (const process_terminated& error) {
    why = error.what();
  }
  BOOST_TEST(got > 64);  // what had arrived comes first
  BOOST_TEST(why.find("killed") != std::string::npos, why);
}

BOOST_AUTO_TEST_CASE(a_deadline_counts_for_a_chunk) {
  const gate there;
  const item_range<int> items = get(ctx.call<&waits_at>(there.path(), use_future));
  BOOST_CHECK_THROW(get(items.with({.timeout = std::chrono::milliseconds(50)}).next(use_future)),
                    call_timeout);
  BOOST_TEST(!get(items.next(use_future)));
}

BOOST_AUTO_TEST_CASE(other_tokens_and_empty_ranges) {
  item_range<int> items = get(ctx.call<&numbers>(3, use_future));
  BOOST_TEST(static_cast<bool>(items));
  run([&]() -> asio::awaitable<void> {
    const auto [error, first] = co_await items.next(as_tuple(asio::use_awaitable));
    BOOST_TEST((!error && first == 0));
  });
  std::promise<int> second;
  items.next([&](std::exception_ptr, std::optional<int> got) { second.set_value(got.value()); });
  items = {};  // the one that waits keeps the range
  BOOST_TEST(get(second.get_future()) == 1);
  BOOST_TEST(!items);
  BOOST_CHECK_THROW(get(items.next(use_future)), state_error);
  run([&]() -> asio::awaitable<void> {
    bool refused = false;
    try {
      co_await items.next();
    } catch (const state_error&) {
      refused = true;
    }
    BOOST_TEST(refused);
  });
}

BOOST_AUTO_TEST_CASE(ranges_outlive_the_execution_context) {
  const gate there;
  item_range<int> items;
  bool completed = false;
  {
    running_io own;
    const context child(own.io);
    items = get(child.call<&waits_at>(there.path(), use_future));
    items.next([&](std::exception_ptr, std::optional<int>) { completed = true; });
    there.wait_for_one();
    own.halt();
  }
  BOOST_TEST(!completed);
}

BOOST_AUTO_TEST_CASE(several_at_once_from_several_threads) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&] {
      const item_range<int> items = get(ctx.call<&numbers>(5000, use_future));
      if (all_of(items) == up_to(5000)) ++right;
      const item_range<int> abandoned = get(ctx.call<&endless>(use_future));
      if (get(abandoned.next(use_future)) == 0) ++right;
    });
  for (std::thread& each : threads) each.join();
  BOOST_TEST(right == 8);
  expect_nothing_left();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
