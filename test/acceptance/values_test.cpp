// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Rows 16, 17 and 23: copies, objects as arguments, and values of every kind.
#include "acceptance/acceptance_fixture.hpp"
#include "acceptance/things.hpp"
#include "support/identical.hpp"

#include <chrono>
#include <complex>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

BOOST_AUTO_TEST_SUITE(values_test)

using namespace glovebox;
using namespace glovebox::test;
using numbers = std::vector<int>;
using acceptance::point;

BOOST_FIXTURE_TEST_SUITE(values, with_module)

// ---- copies

BOOST_AUTO_TEST_CASE(row_16_containers) {
  const sync_proxy list = module.call<proxy>("List", numbers{1, 2});
  numbers copy = list.by_value<numbers>();
  BOOST_TEST((copy == numbers{1, 2}));
  copy.push_back(3);
  list.call("append", 4);
  BOOST_TEST((list.by_value<numbers>() == numbers{1, 2, 4}));
  BOOST_TEST((copy == numbers{1, 2, 3}));
  const sync_proxy dict = module.call<proxy>("Dict");
  dict.set_item("a", 1);
  using map = std::map<std::string, int>;
  BOOST_TEST((dict.by_value<map>() == map{{"a", 1}}));
  BOOST_TEST((dict.by_value()["a"].as<int>() == 1));
  BOOST_TEST(module.call<proxy>("Set", std::vector{3, 1}).by_value().size() == 2u);
}

BOOST_AUTO_TEST_CASE(row_16_a_described_class) {
  const sync_proxy there = module.call<proxy>("Point");
  there.set("x", 1.5);
  const point copy = there.by_value<point>();
  BOOST_TEST((copy == point{1.5, 0}));
  there.set("x", 9.0);
  BOOST_TEST((copy == point{1.5, 0}));
  BOOST_TEST((there.by_value<point>() == point{9, 0}));
  const value dict = there.by_value();
  BOOST_TEST(dict.is_dict());
  BOOST_TEST(dict["x"].as<double>() == 9.0);
}

BOOST_AUTO_TEST_CASE(row_16_what_holds_proxies_of_others) {
  const sync_proxy points = module.call<proxy>("Points");
  const sync_proxy one = module.call<proxy>("Point");
  points.call("append", one);
  points.call("append", one);
  one.set("y", 2.0);
  const auto copies = points.by_value<std::vector<point>>();
  BOOST_TEST((copies == std::vector<point>{{0, 2}, {0, 2}}));
  one.set("y", 3.0);
  BOOST_TEST((copies == std::vector<point>{{0, 2}, {0, 2}}));
  BOOST_TEST((points.get_item<proxy>(1) == one));
  // Nested copies of a whole graph without circles.
  const sync_proxy root = module.call<proxy>("Node"), leaf = module.call<proxy>("Node");
  leaf.set("number", 5);
  root.call("add", leaf);
  root.call("add", leaf);
  BOOST_TEST(root.by_value()["others"][1]["number"].as<int>() == 5);
}

BOOST_AUTO_TEST_CASE(row_16_what_cannot_be_copied_says_so) {
  const sync_proxy node = module.call<proxy>("Node");
  node.call("add", node);
  BOOST_TEST(
      holds(thrown_here<codec_error>([&] { node.by_value(); }), {"others[0]", "contains itself"}));
  node.call("forget");
  BOOST_TEST(node.by_value()["others"].size() == 0u);
  const sync_proxy sealed = module.call<proxy>("Sealed");
  BOOST_TEST(holds(thrown_here<codec_error>([&] { sealed.by_value(); }),
                   {"acceptance.Sealed", "BOOST_DESCRIBE_STRUCT"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

// ---- objects as arguments

BOOST_AUTO_TEST_CASE(row_17_the_object_itself) {
  const sync_proxy one = module.call<proxy>("Counter", 1), two = module.call<proxy>("Counter", 2);
  BOOST_TEST(module.call<int>("value_of", two) == 2);
  one.call("take", two);
  BOOST_TEST(one.call<int>("value") == 3);
  one.call("take", keyword("other", one.async()));
  BOOST_TEST(module.call<int>("value_of", one) == 6);
  BOOST_TEST((module.call<proxy>("same", two) == two));
  // In containers, and back.
  const std::vector<proxy> both{one.async(), two.async(), one.async()};
  BOOST_TEST(module.call<int>("total", both) == 14);
  const auto back = module.call<std::vector<proxy>>("same", both);
  BOOST_TEST((back == both));
  const std::map<std::string, proxy> named{{"one", one.async()}};
  BOOST_TEST((module.call<std::map<std::string, proxy>>("same", named) == named));
  const value any = module.call("same", named)["one"];
  BOOST_TEST(any.object_type() == "acceptance.Counter");
  BOOST_TEST(any.object_kind() == "object");
  BOOST_TEST(module.call("same", module).object_kind() == "module");
  // As an item and as an attribute.
  const sync_proxy counters = module.call<proxy>("Counters");
  counters.call("append", one);
  BOOST_TEST((counters.get_item<proxy>(0) == one));
  const sync_proxy bag = module.call<proxy>("Bag");
  bag.set("friend", two);
  BOOST_TEST((bag.get<proxy>("friend") == two));
  BOOST_TEST(bag.get<proxy>("friend").call<int>("value") == 2);
}

BOOST_AUTO_TEST_CASE(row_17_of_another_class) {
  const sync_proxy counter = module.call<proxy>("Counter");
  BOOST_TEST(holds(thrown<std::invalid_argument>([&] { counter.call("take", module); }),
                   {"expected a ", "ounter"}));
  BOOST_TEST(
      holds(thrown<std::invalid_argument>([&] { counter.call("take", module.call<proxy>("Bag")); }),
            {"expected a ", "ounter", "acceptance.Bag"}));
  BOOST_TEST(holds(thrown<std::invalid_argument>([&] { counter.call("take", 5); }),
                   {"expected an object, not an integer"}));
}

BOOST_AUTO_TEST_CASE(row_17_of_another_context) {
  const sync_context other{context(shared_io(), acceptance_options())};
  const sync_proxy foreign = other.load_module("acceptance").call<proxy>("Counter");
  const std::string here = std::to_string(ctx.pid()), there = std::to_string(other.pid());
  const sync_proxy counter = module.call<proxy>("Counter");
  BOOST_TEST(
      holds(thrown_here<codec_error>([&] { counter.call("take", foreign); }), {here, there}));
  const std::vector<proxy> list{counter.async(), foreign.async()};
  BOOST_TEST(
      holds(thrown_here<codec_error>([&] { module.call("same", list); }), {"[1]", here, there}));
  BOOST_TEST(counter.call<int>("value") == 0);
  BOOST_TEST(foreign.call<int>("value") == 0);
}

// ---- values there and back, through JSON

template <class T>
void comes_back(const sync_proxy& module, const T& what) {
  BOOST_TEST(identical(module.call<T>("same", what), what), typeid(T).name());
}
template <class T>
void limits_come_back(const sync_proxy& module) {
  for (const T each : {std::numeric_limits<T>::min(), std::numeric_limits<T>::lowest(), T(0), T(1),
                       std::numeric_limits<T>::max()})
    comes_back(module, each);
}

BOOST_AUTO_TEST_CASE(row_23_integers) {
  limits_come_back<std::int8_t>(module);
  limits_come_back<std::uint8_t>(module);
  limits_come_back<std::int16_t>(module);
  limits_come_back<std::uint16_t>(module);
  limits_come_back<std::int32_t>(module);
  limits_come_back<std::uint32_t>(module);
  limits_come_back<std::int64_t>(module);
  limits_come_back<std::uint64_t>(module);
  for (const bool each : {true, false}) comes_back(module, each);
  // Functions with types of their own.
  const auto least = std::numeric_limits<std::int64_t>::min();
  const auto most = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(module.call<std::int64_t>("wide", least) == least);
  BOOST_TEST(module.call<std::uint64_t>("unsigned_wide", most) == most);
  BOOST_TEST(module.call<int>("byte", 255) == 255);
  for (const auto& text : {thrown<std::invalid_argument>([&] { module.call("wide", most); }),
                           thrown<std::invalid_argument>([&] { module.call("byte", 256); }),
                           thrown<std::invalid_argument>([&] { module.call("byte", -1); }),
                           thrown<std::invalid_argument>([&] { module.call("byte", 1.5); })})
    BOOST_TEST(holds(text, {"args[0]"}));
  BOOST_TEST(
      holds(thrown_here<codec_error>([&] { module.call<std::int8_t>("wide", 128); }), {"result"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_23_floating_point) {
  using real = std::numeric_limits<double>;
  limits_come_back<float>(module);
  limits_come_back<double>(module);
  for (const double each : {real::quiet_NaN(), real::infinity(), -real::infinity(), -0.0,
                            real::denorm_min(), -real::denorm_min(), real::epsilon(), 0.1}) {
    comes_back(module, each);
    BOOST_TEST(identical(module.call<double>("real", each), each));
  }
  comes_back(module, std::numeric_limits<float>::quiet_NaN());
  for (const long double each : {1.0L / 3, std::numeric_limits<long double>::max(),
                                 std::numeric_limits<long double>::denorm_min(), -0.0L})
    comes_back(module, each);
  BOOST_TEST(module.call<double>("real", 1) == 1.0);
  BOOST_TEST(holds(thrown<std::invalid_argument>(
                       [&] { module.call("real", std::numeric_limits<std::int64_t>::max()); }),
                   {"args[0]"}));
}

BOOST_AUTO_TEST_CASE(row_23_texts_and_bytes) {
  using namespace std::string_literals;
  for (const std::string& each :
       {""s, "plain"s, "nul \0 inside"s, "\xff\xfe no UTF-8 \xc3"s, "ünïcödé \xf0\x9f\x98\x80"s,
        "\"\\\n\t\x01"s, std::string(1024 * 1024, 'x')}) {
    comes_back(module, each);
    BOOST_TEST(module.call<std::size_t>("length", each) == each.size());
  }
  for (const char32_t each : {U'a', U'\U0001F600', U'\0'}) comes_back(module, each);
  comes_back(module, u"sixteen \xd800 alone"s);
  comes_back(module, U"thirty-two"s);
  comes_back(module, std::filesystem::path("/a/b c"));
  std::vector<std::byte> bytes(1000);
  for (std::size_t i = 0; i != bytes.size(); ++i) bytes[i] = std::byte(i % 256);
  comes_back(module, bytes);
  comes_back(module, std::vector<std::byte>());
}

// The sanitizers' runtimes make this slow, and it is about size alone.
BOOST_AUTO_TEST_CASE(row_23_a_text_of_64_mib) {
  std::string large(64 * 1024 * 1024 / time_scale, '\0');
  for (std::size_t i = 0; i != large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
  BOOST_TEST((module.call<std::string>("same", large) == large));
}

BOOST_AUTO_TEST_CASE(row_23_containers_and_vocabulary) {
  comes_back(module, numbers());
  comes_back(module, std::vector<std::vector<double>>{{}, {1.5}, {}});
  comes_back(module, std::vector<bool>{true, false, true});
  comes_back(module, std::map<int, std::string>{{1, "a"}, {-2, "b"}});
  comes_back(module, std::map<std::pair<int, int>, point>{{{1, 2}, {3, 4}}});
  comes_back(module, std::multimap<std::string, int>{{"a", 1}, {"a", 2}});
  comes_back(module, std::array<std::uint8_t, 3>{0, 128, 255});
  using maybe = std::optional<std::optional<int>>;
  for (const maybe& each : {maybe(), maybe(std::optional<int>()), maybe(5)})
    comes_back(module, each);
  using close = std::variant<int, double, std::string, std::monostate>;
  for (const close& each : {close(1), close(1.0), close("1"), close(std::monostate())})
    comes_back(module, each);
  comes_back(module, std::tuple<int, std::string, std::optional<point>>{1, "x", point{1, 2}});
  comes_back(module, std::tuple<>());
  comes_back(module, std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::min()));
  comes_back(module, std::chrono::system_clock::time_point(std::chrono::microseconds(-5)));
  comes_back(module, std::complex<double>(1, -0.0));
  const std::vector<std::int64_t> many(100'000, 3);
  BOOST_TEST(module.call<std::int64_t>("sum", many) == 300'000);
  comes_back(module, many);
}

BOOST_AUTO_TEST_CASE(row_23_data_that_looks_like_the_protocol) {
  using dict = std::map<std::string, value>;
  for (const char* const key :
       {"$ref", "$$ref", "$fd", "$call", "$i", "$slice", "$", "args", "kwargs"}) {
    const dict looks{{key, 5}};
    BOOST_TEST((module.call("same", looks) == value(looks)), key);
    const dict nested{{"x", looks}};
    BOOST_TEST((module.call<dict>("same", nested) == nested), key);
  }
  comes_back(module, std::string(R"({"$ref":1})"));
}

BOOST_AUTO_TEST_CASE(row_23_too_deep_says_so) {
  const auto nested = [](int levels) {
    value deep(1);
    for (int i = 0; i != levels; ++i) deep = value(std::vector<value>{deep});
    return deep;
  };
  comes_back(module, nested(100));
  BOOST_TEST(holds(thrown_here<codec_error>([&] { module.call("same", nested(200)); }),
                   {"nested deeper than 128"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
