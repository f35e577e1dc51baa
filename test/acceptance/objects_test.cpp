// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Rows 7 to 10, 12 and 13: what can be done with an object.
#include "acceptance/acceptance_fixture.hpp"
#include "acceptance/things.hpp"
#include "integration/gate.hpp"

#include <glovebox/slice.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <sstream>
#include <tuple>
#include <utility>

BOOST_AUTO_TEST_SUITE(objects_test)

using namespace glovebox;
using namespace glovebox::test;
using numbers = std::vector<int>;
using texts = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(objects, with_module)

BOOST_AUTO_TEST_CASE(row_07_properties) {
  const sync_proxy counter = module.call<proxy>("Counter", 5);
  BOOST_TEST(counter.get<int>("current") == 5);
  counter.set("current", 7);
  BOOST_TEST(counter.get<int>("current") == 7);
  BOOST_TEST(counter.call<int>("value") == 7);
  BOOST_TEST(thrown<std::out_of_range>([&] { counter.set("current", -1); }) ==
             "counters are not negative");
  BOOST_TEST(holds(thrown<std::invalid_argument>([&] { counter.set("current", "x"); }),
                   {"current", "expected an integer, not text"}));
  BOOST_TEST(holds(thrown<std::logic_error>([&] { counter.set("read_only", 1); }),
                   {"read_only", "can only be read"}));
  BOOST_TEST(counter.get<int>("current") == 7);
}

BOOST_AUTO_TEST_CASE(row_07_attributes) {
  const sync_proxy bag = module.call<proxy>("Bag");
  BOOST_TEST(!bag.has("colour"));
  bag.set("colour", "red");
  BOOST_TEST(bag.has("colour"));
  BOOST_TEST(bag.get<std::string>("colour") == "red");
  bag.set("colour", numbers{1, 2});
  BOOST_TEST((bag.get<numbers>("colour") == numbers{1, 2}));
  bag.del("colour");
  BOOST_TEST(!bag.has("colour"));
  for (const auto& text : {thrown<std::logic_error>([&] { bag.get("colour"); }),
                           thrown<std::logic_error>([&] { bag.del("colour"); })})
    BOOST_TEST(holds(text, {"Bag", "has no attribute 'colour'"}));
  // What takes none says so.
  const sync_proxy counter = module.call<proxy>("Counter");
  BOOST_TEST(!counter.has("wings"));
  for (const auto& text : {thrown<std::logic_error>([&] { counter.set("wings", 2); }),
                           thrown<std::logic_error>([&] { counter.get("wings"); }),
                           thrown<std::logic_error>([&] { counter.del("wings"); }),
                           thrown<std::logic_error>([&] { counter.call("wings"); })})
    BOOST_TEST(holds(text, {"Counter", "'wings'"}));
}

BOOST_AUTO_TEST_CASE(row_08_items_of_a_list) {
  const sync_proxy list = module.call<proxy>("List", numbers{1, 2, 3, 4, 5});
  BOOST_TEST(list.size() == 5u);
  BOOST_TEST(list.get_item<int>(0) == 1);
  list.set_item(1, 20);
  BOOST_TEST(list.contains(20));
  BOOST_TEST(!list.contains(2));
  BOOST_TEST((list.get_item<numbers>(slice{1, 4, {}}) == numbers{20, 3, 4}));
  BOOST_TEST((list.get_item<numbers>(slice{{}, {}, -2}) == numbers{5, 3, 1}));
  BOOST_TEST((list.get_item<numbers>(slice{3, 100, {}}) == numbers{4, 5}));
  list.del_item(0);
  list.del_item(3);
  list.del_item(2);
  BOOST_TEST((list.by_value<numbers>() == numbers{20, 3}));
  for (const int beyond : {2, -3}) {
    BOOST_TEST(
        holds(thrown<std::out_of_range>([&] { list.get_item(beyond); }), {std::to_string(beyond)}));
    thrown<std::out_of_range>([&] { list.set_item(beyond, 1); });
    thrown<std::out_of_range>([&] { list.del_item(beyond); });
  }
  BOOST_TEST(list.size() == 2u);
}

BOOST_AUTO_TEST_CASE(row_08_items_of_a_dict) {
  const sync_proxy dict = module.call<proxy>("Dict");
  dict.set_item("abc", 123);
  dict.set_item("xyz", 1);
  BOOST_TEST(dict.size() == 2u);
  BOOST_TEST(dict.get_item<int>("abc") == 123);
  BOOST_TEST(dict.contains("xyz"));
  dict.del_item("xyz");
  BOOST_TEST(!dict.contains("xyz"));
  BOOST_TEST(holds(thrown<std::out_of_range>([&] { dict.get_item("xyz"); }), {"no such key"}));
  BOOST_TEST(holds(thrown<std::out_of_range>([&] { dict.del_item("xyz"); }), {"no such key"}));
  BOOST_TEST(dict.size() == 1u);
}

BOOST_AUTO_TEST_CASE(row_08_what_has_no_items) {
  const sync_proxy counter = module.call<proxy>("Counter");
  for (const auto& text : {thrown<std::logic_error>([&] { counter.size(); }),
                           thrown<std::logic_error>([&] { counter.get_item(0); }),
                           thrown<std::logic_error>([&] { counter.set_item(0, 1); }),
                           thrown<std::logic_error>([&] { counter.del_item(0); }),
                           thrown<std::logic_error>([&] { counter.contains(0); }),
                           thrown<std::logic_error>([&] { counter.iterate(); })})
    BOOST_TEST(holds(text, {"Counter"}));
}

BOOST_AUTO_TEST_CASE(row_09_a_container) {
  numbers many(10'000);
  std::iota(many.begin(), many.end(), 0);
  const sync_proxy list = module.call<proxy>("List", many);
  const std::uint64_t before = ctx.stats().calls;
  numbers got;
  for (const int each : list.iterate<int>()) got.push_back(each);
  BOOST_TEST((got == many));
  BOOST_TEST(ctx.stats().calls - before < 100u);  // they came in chunks

  const sync_proxy dict = module.call<proxy>("Dict");
  dict.set_item("a", 1);
  dict.set_item("b", 2);
  std::map<std::string, int> pairs;
  for (const auto& each : dict.iterate<std::pair<std::string, int>>()) pairs.insert(each);
  BOOST_TEST((pairs == std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  // Objects in a container are themselves.
  const sync_proxy counters = module.call<proxy>("Counters");
  const sync_proxy one = module.call<proxy>("Counter", 1);
  counters.call("append", one);
  for (const proxy& each : counters.iterate<proxy>()) BOOST_TEST((each == one.async()));
}

BOOST_AUTO_TEST_CASE(row_09_a_generator) {
  int wanted = 0;
  for (const int each : module.call<proxy>("numbers", 10'000).iterate<int>())
    BOOST_REQUIRE(each == wanted++);
  BOOST_TEST(wanted == 10'000);
}

BOOST_AUTO_TEST_CASE(row_09_a_generator_that_throws_after_one_item) {
  const auto items = module.call<proxy>("throws_after", 1).iterate<std::string>();
  BOOST_TEST(*items.next() == "item 0");
  BOOST_TEST(thrown<std::out_of_range>([&] { items.next(); }) == "behind item 1");
  BOOST_TEST(!items.next().has_value());
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_09_an_endless_one_abandoned_half_way) {
  {
    const auto items = module.call<proxy>("Endless").iterate<long>();
    for (long wanted = 0; wanted != 10'000; ++wanted) BOOST_REQUIRE(*items.next() == wanted);
    BOOST_TEST(module.call<long>("living", "Endless") == 1);
  }
  BOOST_TEST(eventually([&] { return module.call<long>("living", "Endless") == 0; }));
}

std::string printed(const acceptance::version& of) {
  std::ostringstream to;
  to << of;
  return to.str();
}

BOOST_AUTO_TEST_CASE(row_10_as_in_process) {
  using acceptance::version;
  const std::vector<std::pair<int, int>> samples{{0, 0}, {0, 1}, {1, 0}, {1, 0}, {2, -1}};
  std::vector<std::pair<version, sync_proxy>> all;
  for (const auto& [major, minor] : samples)
    all.emplace_back(version(major, minor), module.call<proxy>("Version", major, minor));
  for (const auto& [here, there] : all) {
    BOOST_TEST(there.str() == printed(here));
    BOOST_TEST(there.repr() == printed(here));
    BOOST_TEST(there.hash().as<std::uint64_t>() == std::hash<version>()(here));
    BOOST_TEST(there.truth() == static_cast<bool>(here));
    for (const auto& [other_here, other_there] : all) {
      BOOST_TEST(there.compare("==", other_there) == (here == other_here));
      BOOST_TEST(there.compare("!=", other_there) == (here != other_here));
      BOOST_TEST(there.compare("<", other_there) == (here < other_here));
      BOOST_TEST(there.compare("<=", other_there) == (here <= other_here));
      BOOST_TEST(there.compare(">", other_there) == (here > other_here));
      BOOST_TEST(there.compare(">=", other_there) == (here >= other_here));
    }
  }
}

BOOST_AUTO_TEST_CASE(row_10_what_cannot_be_compared) {
  const sync_proxy version = module.call<proxy>("Version", 1, 0);
  BOOST_TEST(!version.compare("==", 1));
  BOOST_TEST(version.compare("!=", 1));
  BOOST_TEST(holds(thrown<std::invalid_argument>([&] { version.compare("<", 1); }), {"ersion"}));
  BOOST_TEST(
      holds(thrown<std::invalid_argument>([&] { version.compare("<=>", version); }), {"'<=>'"}));
  const sync_proxy counter = module.call<proxy>("Counter");
  BOOST_TEST(counter.compare("==", counter));
  BOOST_TEST(!counter.compare("==", module.call<proxy>("Counter")));
  BOOST_TEST(holds(thrown<std::logic_error>([&] { counter.compare("<", counter); }), {"Counter"}));
  BOOST_TEST(holds(thrown<std::logic_error>([&] { counter.hash(); }), {"Counter"}));
  BOOST_TEST(holds(counter.str(), {"Counter"}));
  BOOST_TEST(counter.truth());
  BOOST_TEST(!module.call<proxy>("Dict").truth());
}

BOOST_AUTO_TEST_CASE(row_12_callable_objects) {
  BOOST_TEST(module.call<proxy>("Adder", 3).invoke<int>(100) == 103);
  const sync_proxy function = module.call<proxy>("make_adder", 1);
  BOOST_TEST(function.invoke<int>(100) == 101);
  // Where a function takes one, it is passed as it is.
  BOOST_TEST(module.call<int>("apply", function, 41) == 42);
  // A method with its object, which it keeps alive.
  const sync_proxy method = module.call<proxy>("Counter", 8).get<proxy>("value");
  BOOST_TEST(method.invoke<int>() == 8);
  BOOST_TEST(holds(thrown<std::logic_error>([&] { module.call<proxy>("Bag").invoke(); }), {"Bag"}));
}

struct file_module : with_module {
  temporary_directory place;
  std::string path = place.file("text");
  file_module() { std::ofstream(path) << "first\nsecond\nthird\n"; }
};

BOOST_FIXTURE_TEST_CASE(row_13_a_file_opened_in_the_child_read_through_its_proxy, file_module) {
  const sync_proxy file = module.call<proxy>("File", path);
  const auto lines = file.iterate<std::string>();
  BOOST_TEST(*lines.next() == "first");
  texts rest;
  for (const std::string& each : lines) rest.push_back(each);
  BOOST_TEST((rest == texts{"second", "third"}));
  BOOST_TEST(module.call<proxy>("File", path).call<std::string>("read") ==
             "first\nsecond\nthird\n");
  BOOST_TEST(holds(thrown<std::runtime_error>([&] { module.call("File", path + ".no"); }),
                   {"cannot open", path}));
}

BOOST_FIXTURE_TEST_CASE(row_13_a_descriptor_passed_each_way, file_module) {
  const file_descriptor here(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  BOOST_TEST_REQUIRE(bool(here));
  BOOST_TEST(module.call<std::string>("read_all", here) == "first\nsecond\nthird\n");
  // The same open file: the child's reading moved the position here.
  BOOST_TEST(::lseek(here.get(), 0, SEEK_CUR) == 19);
  const auto there = module.call<file_descriptor>("open_file", path);
  char first[5];
  BOOST_TEST(::read(there.get(), first, sizeof first) == 5);
  BOOST_TEST(std::string(first, sizeof first) == "first");
  try {
    module.call<file_descriptor>("open_file", path + ".no");
    BOOST_ERROR("opened");
  } catch (const std::system_error& error) {
    BOOST_TEST((error.code() == std::errc::no_such_file_or_directory));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
