// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Items that come from a child one after another, in dynamic calls.
#include "integration/stream_fixture.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>

#include <map>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(streams_dynamic_test)

using namespace glovebox;
using namespace glovebox::test;

struct endless_class {
  struct iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    int operator*() const { return n; }
    iterator& operator++() {
      ++n;
      return *this;
    }
    void operator++(int) { ++n; }
    bool operator==(const iterator&) const { return false; }
    int n = 0;
  };
  endless_class() { ++alive; }
  endless_class(const endless_class&) = delete;
  ~endless_class() { --alive; }
  iterator begin() const { return {}; }
  iterator end() const { return {}; }
};

GLOVEBOX_MODULE(streams, m) {
  m.def("numbers", &numbers);
  m.def("endless", &endless);
  m.def("throws_after", &throws_after);
  m.def("dies_after", &dies_after);
  m.class_<std::map<std::string, int>>("Dict").constructor<>();
  m.class_<endless_class>("Endless").constructor<>();
}

BOOST_FIXTURE_TEST_SUITE(dynamic, with_child)

BOOST_AUTO_TEST_CASE(row_09_dynamic_generators) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "streams");
    const proxy ten = co_await module.call("numbers", 10'000);
    const item_range<int> items = co_await ten.iterate<int>();
    int wanted = 0;
    while (const std::optional<int> n = co_await items.next()) BOOST_REQUIRE(*n == wanted++);
    BOOST_TEST(wanted == 10'000);

    const proxy throwing = co_await module.call("throws_after", 1);
    const item_range<value> texts = co_await throwing.iterate();
    const std::optional<value> first = co_await texts.next();
    BOOST_TEST(first->as<std::string>() == "item 0");
    std::string caught;
    try {
      co_await texts.next();
    } catch (const std::out_of_range& error) {
      caught = error.what();
    }
    BOOST_TEST(caught == "behind item 1");
    const std::optional<value> behind = co_await texts.next();
    BOOST_TEST(!behind);
  });
}

BOOST_AUTO_TEST_CASE(row_09_a_dynamic_container) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "streams");
    const proxy dict = co_await module.call("Dict");
    co_await dict.set_item("a", 1);
    co_await dict.set_item("b", 2);
    std::map<std::string, int> got;
    const item_range<std::pair<std::string, int>> items =
        co_await dict.iterate<std::pair<std::string, int>>();
    while (const auto one = co_await items.next()) got.insert(*one);
    const std::map<std::string, int> wanted{{"a", 1}, {"b", 2}};
    BOOST_TEST((got == wanted));
  });
}

BOOST_AUTO_TEST_CASE(row_09_dynamic_endless_ones_abandoned_half_way) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "streams");
    for (const char* const name : {"endless", "Endless"}) {
      const proxy object = co_await module.call(name);
      const item_range<int> items = co_await object.iterate<int>();
      for (int wanted = 0; wanted != 10'000; ++wanted) {
        const std::optional<int> got = co_await items.next();
        BOOST_REQUIRE((got && *got == wanted));
      }
    }
  });
  expect_nothing_left();
}

BOOST_AUTO_TEST_CASE(items_of_another_type_and_a_crash) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "streams");
    const proxy ten = co_await module.call("numbers", 10);
    const item_range<std::string> wrong = co_await ten.iterate<std::string>();
    bool refused = false;
    try {
      co_await wrong.next();
    } catch (const codec_error&) {
      refused = true;
    }
    BOOST_TEST(refused);
    const proxy dying = co_await module.call("dies_after", 10);
    const item_range<int> items = co_await dying.iterate<int>();
    bool died = false;
    try {
      co_await items.next();
    } catch (const process_terminated&) {
      died = true;
    }
    BOOST_TEST(died);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
