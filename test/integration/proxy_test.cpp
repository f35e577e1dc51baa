// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Proxies of modules and objects in real children; what each operation does in all its forms is
// tested without processes in unit/host.
#include "integration/call_fixture.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>

#include <asio/co_spawn.hpp>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(proxy_test)

using namespace glovebox;
using namespace glovebox::test;

struct tally {
  std::map<std::string, int> counts;
  void add(const std::string& name, int by) { counts[name] += by; }
  int at(const std::string& name) const { return counts.at(name); }
  tally& me() { return *this; }
};

struct endless {
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
  iterator begin() const { return {}; }
  iterator end() const { return {}; }
};

GLOVEBOX_MODULE(acceptance, m) {
  m.doc("What the proxies' tests need.");
  m.attr("version") = "1.2";
  m.def(
      "scaled", [](double value, double factor) { return value * factor; }, arg("value"),
      arg("factor") = 2.0);
  m.def("far", [] { throw std::out_of_range("too far"); });
  m.def("die", [] { std::abort(); });
  m.def("numbers", [](int n) { return std::vector<int>(static_cast<std::size_t>(n), 7); });
  m.class_<tally>("Tally")
      .constructor<>()
      .def("add", &tally::add)
      .def("at", &tally::at)
      .def("me", &tally::me);
  m.class_<endless>("Endless").constructor<>();
}

template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), std::forward<F>(body), asio::use_future));
}

BOOST_FIXTURE_TEST_SUITE(proxies, one_child)

BOOST_AUTO_TEST_CASE(functions_of_a_module) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "acceptance");
    const proxy again = co_await load_module(ctx, "acceptance");
    BOOST_TEST((module == again));
    const double twice = co_await module.call<double>("scaled", 1.5);
    BOOST_TEST(twice == 3.0);
    const keyword factor("factor", 4.0);
    const value result = co_await module.call("scaled", 1.5, factor);
    BOOST_TEST(result.as<double>() == 6.0);
    const std::string version = co_await module.get<std::string>("version");
    BOOST_TEST(version == "1.2");
    const std::string doc = co_await module.doc();
    BOOST_TEST(doc == "What the proxies' tests need.");
  });
}

BOOST_AUTO_TEST_CASE(objects_stay_in_the_child) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "acceptance");
    const proxy object = co_await module.call("Tally");
    co_await object.call("add", "a", 3);
    co_await object.call("add", "a", 4);
    const int sum = co_await object.call<int>("at", "a");
    BOOST_TEST(sum == 7);
    const proxy me = co_await object.call("me");
    BOOST_TEST((me == object));
    const bool same = co_await object.is_same(me);
    BOOST_TEST(same);
    const proxy of_class = co_await module.get<proxy>("Tally");
    const bool instance = co_await object.is_instance(of_class);
    BOOST_TEST(instance);
  });
}

BOOST_AUTO_TEST_CASE(errors_are_of_the_right_kind_and_the_child_lives) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "acceptance");
    std::string caught;
    try {
      co_await module.call("far");
    } catch (const std::out_of_range& error) {
      caught = error.what();
    }
    BOOST_TEST(caught == "too far");
    bool refused = false;
    try {
      co_await module.call<std::string>("scaled", 1.0);
    } catch (const codec_error&) {
      refused = true;
    }
    BOOST_TEST(refused);
    bool unknown = false;
    try {
      co_await load_module(ctx, "no_such_module");
    } catch (const remote_exception& error) {
      unknown = error.message().find("no_such_module") != std::string::npos;
    }
    BOOST_TEST(unknown);
    const double twice = co_await module.call<double>("scaled", 2.0);
    BOOST_TEST(twice == 4.0);
  });
}

BOOST_AUTO_TEST_CASE(a_crash_names_the_function) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "acceptance");
    std::string method;
    try {
      co_await module.call("die");
    } catch (const process_terminated& error) {
      method = error.info().method;
    }
    BOOST_TEST(method == "die");
    bool ended = false;
    try {
      co_await module.get("version");
    } catch (const state_error&) {
      ended = true;
    }
    BOOST_TEST(ended);
  });
}

BOOST_AUTO_TEST_CASE(items_come_in_chunks_and_may_be_abandoned) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "acceptance");
    const proxy object = co_await module.call("Endless");
    {
      const item_range<int> items = co_await object.iterate<int>();
      for (int wanted = 0; wanted != 10'000; ++wanted) {
        const std::optional<int> got = co_await items.next();
        BOOST_REQUIRE((got && *got == wanted));
      }
    }
    const std::vector<int> numbers = co_await module.call<std::vector<int>>("numbers", 3);
    BOOST_TEST(numbers.size() == 3u);
  });
  BOOST_TEST(ctx.stats().objects == 0u);
}

BOOST_AUTO_TEST_CASE(other_tokens_and_empty_handles) {
  const proxy module = get(load_module(ctx, "acceptance", asio::use_future));
  BOOST_TEST(get(module.call<double>("scaled", 1.0, asio::use_future)) == 2.0);
  BOOST_CHECK_THROW(get(proxy().call("scaled", asio::use_future)), state_error);
  const context other(shared_io());
  const proxy foreign = get(load_module(other, "acceptance", asio::use_future));
  BOOST_CHECK_THROW(get(module.is_same(foreign, asio::use_future)), codec_error);
}

BOOST_AUTO_TEST_CASE(the_default_context) {
  run([]() -> asio::awaitable<void> {
    const proxy module = co_await import_isolated("acceptance");
    const double twice = co_await module.call<double>("scaled", 4.0);
    BOOST_TEST(twice == 8.0);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
