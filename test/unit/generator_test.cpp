// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/generator.hpp>

#include <memory>
#include <numeric>
#include <ranges>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(generator_test)

using glovebox::generator;

static_assert(std::ranges::input_range<generator<int>>);
static_assert(!std::is_copy_constructible_v<generator<int>>);
static_assert(std::is_nothrow_move_constructible_v<generator<int>>);

generator<int> numbers(int n) {
  for (int i = 0; i != n; ++i) co_yield i;
}
generator<int> throws_after(int n) {
  for (int i = 0; i != n; ++i) co_yield i;
  throw std::runtime_error("behind");
}
generator<std::shared_ptr<int>> holds(std::shared_ptr<int> what) {
  for (;;) co_yield what;
}
generator<std::unique_ptr<int>> moves() {
  co_yield std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  co_yield std::move(second);
}

BOOST_AUTO_TEST_CASE(items_in_order) {
  std::vector<int> got;
  for (const int n : numbers(4)) got.push_back(n);
  BOOST_TEST((got == std::vector<int>{0, 1, 2, 3}));
  for (const int n : numbers(0)) BOOST_ERROR("no item, but " << n);
  for (const int n : generator<int>()) BOOST_ERROR("no item, but " << n);
}

BOOST_AUTO_TEST_CASE(nothing_runs_before_the_first_item_is_wanted) {
  int runs = 0;
  const auto counting = [](int& count) -> generator<int> {
    ++count;
    co_yield 1;
    ++count;
  };
  generator<int> one = counting(runs);
  BOOST_TEST(runs == 0);
  auto at = one.begin();
  BOOST_TEST(runs == 1);
  BOOST_TEST((at != one.end()));
  auto same = one.begin();  // where it is
  BOOST_TEST(runs == 1);
  BOOST_TEST(*same == 1);
  ++at;
  BOOST_TEST(runs == 2);
  BOOST_TEST((at == one.end()));
  ++at;
  BOOST_TEST((one.begin() == one.end()));
}

BOOST_AUTO_TEST_CASE(exceptions_leave_the_iteration) {
  generator<int> some = throws_after(2);
  int got = 0;
  BOOST_CHECK_THROW(
      {
        for (const int n : some) got += n + 1;
      },
      std::runtime_error);
  BOOST_TEST(got == 3);
  BOOST_TEST((some.begin() == some.end()));
  generator<int> none = throws_after(0);
  BOOST_CHECK_THROW(none.begin(), std::runtime_error);
  BOOST_TEST((none.begin() == none.end()));
}

BOOST_AUTO_TEST_CASE(abandoned_ones_free_what_they_hold) {
  const auto counted = std::make_shared<int>(7);
  {
    generator<std::shared_ptr<int>> of = holds(counted);
    auto at = of.begin();
    BOOST_TEST(**at == 7);
    BOOST_TEST(counted.use_count() == 3);  // the frame's, and the item's
    generator<std::shared_ptr<int>> moved = std::move(of);
    BOOST_TEST((of.begin() == of.end()));
    BOOST_TEST(*moved.begin() == counted);
    moved = holds(counted);
    BOOST_TEST(counted.use_count() == 2);
  }
  BOOST_TEST(counted.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(items_that_only_move) {
  std::vector<std::unique_ptr<int>> got;
  for (std::unique_ptr<int> each : moves()) got.push_back(std::move(each));
  BOOST_REQUIRE(got.size() == 2u);
  BOOST_TEST(*got[1] == 2);
}

generator<int>* self = nullptr;
generator<int> asks_itself() {
  co_yield 1;
  ++self->begin();
  co_yield 2;
}

BOOST_AUTO_TEST_CASE(a_generator_that_asks_itself) {
  generator<int> of = asks_itself();
  self = &of;
  auto at = of.begin();
  BOOST_CHECK_THROW(++at, std::logic_error);
}

BOOST_AUTO_TEST_CASE(views) {
  int sum = 0;
  for (const int n : numbers(10) | std::views::take(4)) sum += n;
  BOOST_TEST(sum == 6);
}

BOOST_AUTO_TEST_SUITE_END()
