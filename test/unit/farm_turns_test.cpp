// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/turns.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(farm_turns_test)

using glovebox::farming::turns;

BOOST_AUTO_TEST_CASE(what_is_given_meanwhile_has_its_turn_afterwards) {
  turns each;
  std::vector<int> order;
  each.run([&] {
    each.run([&] {
      each.run([&] { order.push_back(3); });
      order.push_back(2);
    });
    order.push_back(1);
  });
  const std::vector<int> expected{1, 2, 3};
  BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_throws_keeps_nothing_from_running) {
  turns each;
  int ran = 0;
  const auto one = [&] {
    each.run([&] {
      ++ran;
      throw std::out_of_range("another one");
    });
    each.run([&] { ++ran; });
    throw std::runtime_error("the first one");
  };
  BOOST_CHECK_THROW(each.run(one), std::runtime_error);
  BOOST_TEST(ran == 2);
  each.run([&] { ++ran; });
  BOOST_TEST(ran == 3);
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_of_what_has_run) {
  turns each;
  const auto owned = std::make_shared<int>(0);
  each.run([&, owned] { each.run([owned] { ++*owned; }); });
  BOOST_TEST(*owned == 1);
  BOOST_TEST(owned.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(on_several_threads_one_at_a_time) {
  constexpr int threads = 4, times = 20'000;
  turns each;
  int inside = 0, most = 0, ran = 0;  // a race is what the thread sanitizer would tell
  {
    std::vector<std::jthread> all;
    for (int i = 0; i != threads; ++i)
      all.emplace_back([&] {
        for (int k = 0; k != times; ++k)
          each.run([&] {
            most = std::max(most, ++inside);
            ++ran;
            --inside;
          });
      });
  }
  BOOST_TEST(most == 1);
  BOOST_TEST(ran == threads * times);
}

BOOST_AUTO_TEST_SUITE_END()
