// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/deadlines.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <vector>

BOOST_AUTO_TEST_SUITE(deadlines_test)

using glovebox::core::deadlines;
using entry = std::pair<deadlines::time, std::uint64_t>;

constexpr auto all = [](std::uint64_t) { return true; };
constexpr auto none = [](std::uint64_t) { return false; };

BOOST_AUTO_TEST_CASE(the_earliest_comes_first) {
  deadlines due;
  BOOST_TEST(due.next(all) == nullptr);
  due.add(30, 1);
  due.add(10, 2);
  due.add(20, 3);
  due.add(-5, 4);
  due.add(std::numeric_limits<deadlines::time>::max(), 5);
  std::vector<std::uint64_t> order;
  for (; due.next(all); due.pop()) order.push_back(due.next(all)->second);
  BOOST_TEST((order == std::vector<std::uint64_t>{4, 2, 3, 1, 5}));
  BOOST_TEST(due.size() == 0u);
}

BOOST_AUTO_TEST_CASE(looking_takes_nothing_away_that_lives) {
  deadlines due;
  due.add(10, 1);
  due.add(10, 2);
  for (int look = 0; look != 3; ++look) {
    BOOST_REQUIRE(due.next(all) != nullptr);
    BOOST_TEST((*due.next(all) == entry{10, 1}));
  }
  BOOST_TEST(due.size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_dead_are_dropped_on_the_way) {
  deadlines due;
  for (std::uint64_t id = 1; id <= 10; ++id) due.add(static_cast<deadlines::time>(id), id);
  const auto living = [](std::uint64_t id) { return id == 4 || id == 9; };
  BOOST_REQUIRE(due.next(living) != nullptr);
  BOOST_TEST((*due.next(living) == entry{4, 4}));
  BOOST_TEST(due.size() == 7u);  // no further than needed
  due.pop();
  BOOST_TEST((*due.next(living) == entry{9, 9}));
  BOOST_TEST(due.next(none) == nullptr);
  BOOST_TEST(due.size() == 0u);
}

BOOST_AUTO_TEST_CASE(tidying_waits_until_it_is_worth_it) {
  deadlines due;
  const auto living = [](std::uint64_t id) { return id % 100 == 1; };
  constexpr std::size_t count = 11;  // 1, 101, ... 1001
  constexpr std::size_t worth_it = 2 * count + 1024;
  for (std::uint64_t id = 1; id < worth_it; ++id) due.add(static_cast<deadlines::time>(id), id);
  due.tidy(count, living);
  BOOST_TEST(due.size() == worth_it - 1);
  due.add(0, 201);  // calls may have two
  due.tidy(count, living);
  BOOST_TEST(due.size() == count + 1);
  deadlines::time last = -1;
  for (; due.next(all); due.pop()) {
    BOOST_TEST(living(due.next(all)->second));
    BOOST_TEST(due.next(all)->first >= last);
    last = due.next(all)->first;
  }
}

BOOST_AUTO_TEST_CASE(memory_follows_the_living) {
  // A long call and many short ones, all answered in time.
  deadlines due;
  due.add(1, 1);
  for (std::uint64_t id = 2; id <= 100'000; ++id) {
    due.add(static_cast<deadlines::time>(id), id);
    due.tidy(1, [](std::uint64_t each) { return each == 1; });
    BOOST_REQUIRE(due.size() <= 2 * 1 + 1024);
  }
  BOOST_TEST((*due.next(all) == entry{1, 1}));
}

BOOST_AUTO_TEST_CASE(random_play_against_a_sorted_list) {
  for (const auto seed : glovebox::test::seeds(20)) {
    BOOST_TEST_CONTEXT("GLOVEBOX_TEST_SEED=" << seed) {
      glovebox::test::dice random(seed);
      deadlines due;
      std::set<entry> wanted;
      std::map<std::uint64_t, deadlines::time> alive;
      const auto lives = [&](std::uint64_t id) { return alive.count(id) != 0; };
      std::uint64_t last = 0;
      for (int step = 0; step != 20'000; ++step) {
        switch (random.below(5)) {
          case 0:
          case 1: {
            const auto at = static_cast<deadlines::time>(random.below(1000));
            due.add(at, ++last);
            wanted.emplace(at, last);
            alive.emplace(last, at);
            break;
          }
          case 2:
            if (const auto found = alive.lower_bound(random.below(last + 1));
                found != alive.end()) {
              wanted.erase({found->second, found->first});
              alive.erase(found);
            }
            break;
          case 3:
            due.tidy(alive.size(), lives);
            break;
          default:
            const entry* const next = due.next(lives);
            BOOST_REQUIRE((next != nullptr) == !wanted.empty());
            if (next) {
              BOOST_REQUIRE((*next == *wanted.begin()));
              alive.erase(next->second);
              wanted.erase(wanted.begin());
              due.pop();
            }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
