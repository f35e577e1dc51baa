// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Containers, iterators and copies, by the operations of a host.
#include "unit/bound_module.hpp"
#include "unit/host_fixture.hpp"

#include <glovebox/binding/function.hpp>

#include <algorithm>
#include <limits>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(host_containers_test)

using namespace glovebox;
using namespace glovebox::test;
using mismatch = binding::argument_mismatch;

bool names(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}
struct with_module : hosted {
  value m = import("bound");
  value make(const char* name) { return call(m, name); }
};

BOOST_FIXTURE_TEST_SUITE(containers, with_module)

BOOST_AUTO_TEST_CASE(row_08_dicts) {
  const value d = call(m, "Dict");
  BOOST_TEST(run(op::set_item, d, "abc", 123).is_null());
  run(op::set_item, d, "x", 1);
  run(op::set_item, d, "abc", 124);
  BOOST_TEST(run(op::size, d).as<int>() == 2);
  BOOST_TEST(run(op::get_item, d, "abc").as<int>() == 124);
  BOOST_CHECK_THROW(run(op::get_item, d, "xyz"), std::out_of_range);
  BOOST_TEST(run(op::contains, d, "x").as<bool>());
  BOOST_TEST(!run(op::contains, d, "y").as<bool>());
  BOOST_TEST((run(op::by_value, d).as<std::map<std::string, int>>() ==
              std::map<std::string, int>{{"abc", 124}, {"x", 1}}));
  run(op::del_item, d, "x");
  BOOST_CHECK_THROW(run(op::del_item, d, "x"), std::out_of_range);
  BOOST_TEST(run(op::size, d).as<int>() == 1);
  BOOST_TEST(names(thrown<mismatch>([&] { run(op::set_item, d, "x", "y"); }),
                   "expected an integer, not text"));
  BOOST_TEST(
      names(thrown<mismatch>([&] { run(op::get_item, d, 5); }), "expected text, not an integer"));
  BOOST_CHECK_THROW(run(op::get_item, d), std::invalid_argument);
  BOOST_CHECK_THROW(run(op::get_item, d, "a", "b"), std::invalid_argument);
  BOOST_TEST(run(op::compare, d, "==", std::map<std::string, int>{{"abc", 124}}).as<bool>());
}

BOOST_AUTO_TEST_CASE(row_08_lists) {
  const value l = call(m, "List");
  for (const char* const text : {"a", "b", "c", "d"}) call(l, "append", text);
  using list = std::vector<std::string>;
  BOOST_TEST(run(op::get_item, l, 3).as<std::string>() == "d");
  BOOST_CHECK_THROW(run(op::get_item, l, 4), std::out_of_range);
  BOOST_CHECK_THROW(run(op::get_item, l, -1), std::out_of_range);
  const auto part = [&](const slice& which) { return run(op::get_item, l, which).as<list>(); };
  BOOST_TEST((part({1, 3, {}}) == list{"b", "c"}));
  BOOST_TEST((part({}) == list{"a", "b", "c", "d"}));
  BOOST_TEST((part({-2, {}, {}}) == list{"c", "d"}));
  BOOST_TEST((part({{}, {}, -2}) == list{"d", "b"}));
  BOOST_TEST((part({10, 20, {}}).empty()));
  BOOST_TEST((part({{}, {}, std::numeric_limits<std::int64_t>::max()}) == list{"a"}));
  BOOST_TEST((part({{}, {}, std::numeric_limits<std::int64_t>::min()}) == list{"d"}));
  BOOST_TEST((part({std::numeric_limits<std::int64_t>::min(), 2, {}}) == list{"a", "b"}));
  BOOST_CHECK_THROW(part({{}, {}, 0}), std::invalid_argument);
  run(op::set_item, l, 0, "A");
  run(op::del_item, l, 1);
  BOOST_TEST((run(op::by_value, l).as<list>() == list{"A", "c", "d"}));
  BOOST_CHECK_THROW(run(op::set_item, l, 3, "x"), std::out_of_range);
  BOOST_TEST(run(op::contains, l, "c").as<bool>());
  BOOST_TEST(!run(op::contains, l, "b").as<bool>());
  BOOST_TEST(run(op::str, l).as<std::string>() == R"(["A","c","d"])");
  // What could travel stays, when the function says so.
  const value kept = call(m, "list_of", 5);
  BOOST_TEST(kept.object_type() == "bound.List");
  BOOST_TEST(run(op::size, kept).as<int>() == 5);
}

BOOST_AUTO_TEST_CASE(slices_as_python_has_them) {
  // Computed with the definition: every position that a loop from start to stop meets.
  for (const std::int64_t size : {0, 1, 5})
    for (std::int64_t start = -7; start <= 7; ++start)
      for (std::int64_t stop = -7; stop <= 7; ++stop)
        for (const std::int64_t step : {-3, -1, 1, 2}) {
          const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
          const auto place = [&](std::int64_t at) {
            return std::clamp(at < 0 ? at + size : at, low, high);
          };
          std::vector<std::int64_t> expected, got;
          for (std::int64_t i = place(start); step > 0 ? i < place(stop) : i > place(stop);
               i += step)
            expected.push_back(i);
          const auto range = slice{start, stop, step}.of(static_cast<std::size_t>(size));
          for (std::size_t i = 0; i != range.count; ++i)
            got.push_back(range.first + range.step * static_cast<std::int64_t>(i));
          BOOST_TEST((got == expected), size << ": " << start << ' ' << stop << ' ' << step);
        }
}

BOOST_AUTO_TEST_CASE(other_containers) {
  const value s = call(m, "Set");
  BOOST_TEST(run(op::size, s).as<int>() == 0);
  BOOST_TEST(!run(op::contains, s, 1).as<bool>());
  BOOST_TEST(!run(op::truth, s).as<bool>());
  // Elements that are objects: each is itself, and keeps its container.
  const int living = bound::living_counters;
  value last;
  {
    const value counters = call(m, "counters");
    BOOST_TEST(bound::living_counters == living + 3);
    BOOST_TEST(run(op::size, counters).as<int>() == 3);
    last = run(op::get_item, counters, 2);
    call(last, "add", 5);
    BOOST_TEST((run(op::get_item, counters, 2) == last));
    const value all = run(op::get_item, counters, slice{});
    BOOST_TEST(all.size() == 3u);
    BOOST_TEST((all[2] == last));
  }
  BOOST_TEST(bound::living_counters == living + 3);
  BOOST_TEST(call(last, "value").as<int>() == 5);
  last = value();
  BOOST_TEST(bound::living_counters == living);
  const value engines = call(m, "engines");
  BOOST_TEST(call(run(op::get_item, engines, "big"), "power").as<int>() == 9);
  const value pairs = run(op::next, run(op::iterate, engines), 10, 1000, 1'000'000)[0];
  BOOST_TEST(pairs[0][0].as<std::string>() == "big");
  BOOST_TEST(call(pairs[1][1], "power").as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(parts_keep_their_owner) {
  value engine, spare, alive;
  const std::size_t before = objects();
  {
    const value g = call(m, "garage_lives");
    engine = call(g, "first");
    spare = get(g, "spare");
    BOOST_TEST((call(g, "find", 100) == engine));
    BOOST_TEST(call(g, "find", 1).is_null());
  }
  call(engine, "tune");
  BOOST_TEST(call(engine, "power").as<int>() == 101);  // its garage is still there
  BOOST_TEST(call(spare, "power").as<int>() == 5);
  call(spare, "tune");
  BOOST_TEST(call(spare, "power").as<int>() == 6);
  engine = spare = value();
  BOOST_TEST(objects() == before);
  // What is given away has no owner but the handle.
  value sold;
  {
    const value g = call(m, "garage_lives");
    sold = call(g, "sell");
  }
  BOOST_TEST(call(sold, "power").as<int>() == 100);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(iteration, with_module)

constexpr int for_ever = 1'000'000'000;

BOOST_AUTO_TEST_CASE(row_09_containers_in_chunks) {
  const value l = call(m, "list_of", 10);
  const value items = run(op::iterate, l);
  BOOST_TEST(items.object_kind() == "iterator");
  BOOST_TEST((run(op::iterate, items) == items));
  value chunk = run(op::next, items, 4, 10'000, for_ever);
  BOOST_TEST(chunk[0].size() == 4u);
  BOOST_TEST(!chunk[1].as<bool>());
  chunk = run(op::next, items, 100, 12, for_ever);  // bounded by bytes
  BOOST_TEST(chunk[0].size() == 3u);
  BOOST_TEST(!chunk[1].as<bool>());
  chunk = run(op::next, items, 100, 10'000, 0);  // and by time: one item at least
  BOOST_TEST(chunk[0].size() == 1u);
  chunk = run(op::next, items, 100, 10'000, for_ever);
  BOOST_TEST(chunk[0].size() == 2u);
  BOOST_TEST(chunk[1].as<bool>());
  chunk = run(op::next, items, 100, 10'000, for_ever);
  BOOST_TEST(chunk[0].size() == 0u);
  BOOST_TEST(chunk[1].as<bool>());
  const value bits = call(m, "Bits");
  BOOST_TEST(run(op::next, run(op::iterate, bits), 5, 5, 5)[1].as<bool>());
  const value d = call(m, "Dict");
  run(op::set_item, d, "a", 1);
  using pairs = std::vector<std::pair<std::string, int>>;
  BOOST_TEST(
      (run(op::next, run(op::iterate, d), 5, 500, for_ever)[0].as<pairs>() == pairs{{"a", 1}}));
}

BOOST_AUTO_TEST_CASE(row_09_an_iterator_keeps_what_it_goes_over) {
  const std::size_t before = objects();
  {
    value items;
    {
      const value l = call(m, "list_of", 3);
      items = run(op::iterate, l);
    }
    BOOST_TEST(run(op::next, items, 10, 1000, for_ever)[0].size() == 3u);
  }
  BOOST_TEST(objects() == before);
}

BOOST_AUTO_TEST_CASE(row_09_generators) {
  const value items = run(op::iterate, call(m, "Countdown", 3));
  const value chunk = run(op::next, items, 10, 1000, for_ever);
  BOOST_TEST((chunk[0].as<std::vector<int>>() == std::vector{3, 2, 1}));
  BOOST_TEST(chunk[1].as<bool>());
}

BOOST_AUTO_TEST_CASE(row_09_a_generator_that_throws) {
  const value items = run(op::iterate, call(m, "Countdown", 3, 2));
  const value chunk = run(op::next, items, 10, 1000, for_ever);
  BOOST_TEST((chunk[0].as<std::vector<int>>() == std::vector{3}));
  BOOST_TEST(!chunk[1].as<bool>());
  BOOST_TEST(thrown<std::runtime_error>([&] { run(op::next, items, 10, 1000, for_ever); }) ==
             "the countdown was stopped");
  BOOST_TEST(run(op::next, items, 10, 1000, for_ever)[1].as<bool>());  // and has ended
  const value at_once = run(op::iterate, call(m, "Countdown", 3, 3));
  BOOST_CHECK_THROW(run(op::next, at_once, 10, 1000, for_ever), std::runtime_error);
  BOOST_TEST(run(op::next, at_once, 10, 1000, for_ever)[1].as<bool>());
}

BOOST_AUTO_TEST_CASE(row_09_an_endless_one_abandoned) {
  const std::size_t before = objects();
  const int living = bound::living_endless;
  {
    const value items = run(op::iterate, make("endless"));
    BOOST_TEST(run(op::next, items, 1000, 1'000'000, for_ever)[0].size() == 1000u);
    BOOST_TEST(run(op::next, items, 1, 1'000'000, for_ever)[0][0].as<int>() == 1000);
    BOOST_TEST(bound::living_endless == living + 1);
  }
  BOOST_TEST(bound::living_endless == living);
  BOOST_TEST(objects() == before);
}

BOOST_AUTO_TEST_CASE(items_that_are_objects) {
  const value g = call(m, "Garage");
  const value chunk = run(op::next, run(op::iterate, g), 10, 1000, for_ever);
  BOOST_TEST(chunk[0].size() == 1u);
  BOOST_TEST(call(chunk[0][0], "power").as<int>() == 100);
  BOOST_TEST((chunk[0][0] == call(g, "first")));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_iterated) {
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::iterate, call(m, "Counter")); }),
                   "an object of class bound.Counter cannot be iterated"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::iterate, m); }), "'iterate'"));
  BOOST_CHECK_THROW(run(op::next, run(op::iterate, call(m, "Dict")), 1), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(copies, with_module)

BOOST_AUTO_TEST_CASE(row_16_by_value) {
  const value l = call(m, "list_of", 2);
  const auto copy = run(op::by_value, l).as<std::vector<std::string>>();
  call(l, "append", "more");
  BOOST_TEST(copy.size() == 2u);
  BOOST_TEST(run(op::size, l).as<int>() == 3);
  const auto refusal = [&](const value& of) {
    return thrown<codec_error>([&] { run(op::by_value, of); });
  };
  BOOST_TEST(refusal(call(m, "Garage")) ==
             "result: objects of class bound.Garage do not travel by value: describe it with "
             "BOOST_DESCRIBE_STRUCT, or specialise glovebox::codec for it");
  BOOST_TEST(names(refusal(call(m, "counters")), "do not travel by value"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::by_value, m); }), "'by_value'"));
}

BOOST_AUTO_TEST_CASE(row_16_nested_objects_are_copied_too) {
  const value first = call(m, "Node");
  const value second = call(m, "Node");
  run(op::set, first, "number", 1);
  run(op::set, second, "number", 2);
  run(op::set, first, "next", second);
  call(first, "add", second);
  const std::size_t before = objects();
  const value copy = run(op::by_value, first);
  BOOST_TEST(copy.to_json() == R"({"number":1,"next":{"number":2,"next":null,"others":[]},)"
                               R"("others":[{"number":2,"next":null,"others":[]}]})");
  BOOST_TEST(objects() == before);
  // As a copy it can be read into the class itself.
  const auto read = copy.as<bound::node>();
  BOOST_TEST(read.next->number == 2);
  BOOST_TEST(read.others.at(0)->number == 2);
  // Without a copy, they are objects.
  BOOST_TEST((get(first, "next") == second));
}

BOOST_AUTO_TEST_CASE(row_16_cycles) {
  const value n = call(m, "Node");
  call(n, "add", n);
  const std::size_t before = objects();
  BOOST_TEST(thrown<codec_error>([&] { run(op::by_value, n); }) ==
             "result.others[0]: the object contains itself, so it has no copy");
  BOOST_TEST(objects() == before);
  BOOST_TEST(run(op::str, n).as<std::string>() == "<bound.Node object>");
  run(op::set, n, "next", n);
  BOOST_TEST(thrown<codec_error>([&] { run(op::by_value, n); }) ==
             "result.next: the object contains itself, so it has no copy");
  // Else it would keep itself for ever.
  run(op::set, n, "next", nullptr);
  call(n, "forget_others");
}

BOOST_AUTO_TEST_CASE(results_that_fail_leave_nothing_behind) {
  const std::size_t before = objects();
  // One object is given out, then the result fails.
  BOOST_CHECK_THROW(run(op::get_item, call(m, "counters"), slice{{}, {}, 0}),
                    std::invalid_argument);
  BOOST_CHECK_THROW(call(m, "throws", 0), bound::bad_model);
  BOOST_CHECK_THROW(call(m, "same", std::vector<value>{call(m, "Counter"), value()}, 1), mismatch);
  BOOST_TEST(objects() == before);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
