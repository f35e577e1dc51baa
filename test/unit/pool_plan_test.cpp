// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/pool_plan.hpp"
#include "core/fingerprint.hpp"
#include "core/poison_list.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace pool_plan_test {

using glovebox::termination;
using glovebox::core::fingerprint;
using glovebox::core::poison_list;
using glovebox::core::pool_plan;

pool_plan started(const pool_plan::settings& chosen) {
  pool_plan plan(chosen);
  for (std::size_t i = 0; i != plan.size(); ++i) plan.started(i);
  return plan;
}

BOOST_AUTO_TEST_SUITE(pool_plan_test)

BOOST_AUTO_TEST_CASE(the_child_with_the_least_to_do) {
  pool_plan plan = started({.size = 2, .calls_per_child = 2});
  for (const std::size_t next : {0u, 1u, 0u, 1u}) {
    BOOST_TEST(plan.choose().value() == next);
    plan.given(next);
  }
  BOOST_TEST(!plan.choose());
  plan.returned(1);
  BOOST_TEST(plan.choose().value() == 1u);
  BOOST_TEST(!plan.choose_idle());
  plan.returned(1);
  BOOST_TEST(plan.choose_idle().value() == 1u);
}

BOOST_AUTO_TEST_CASE(a_reserved_child_takes_no_calls) {
  pool_plan plan = started({.size = 1});
  plan.reserve(0);
  BOOST_TEST(!plan.choose());
  BOOST_TEST(!plan.choose_idle());
  plan.released(0);
  BOOST_TEST(plan.choose().has_value());
  plan.reserve(0);
  plan.retired(0, 5);
  BOOST_TEST(plan.startable(5).value() == 0u);
  plan.started(0);
  BOOST_TEST(plan.choose().has_value());
}

BOOST_AUTO_TEST_CASE(a_child_wears_out) {
  pool_plan plan = started({.size = 1, .calls_per_child = 2, .calls_per_life = 2});
  plan.given(0);
  plan.given(0);
  BOOST_TEST(!plan.choose());
  plan.returned(0);
  BOOST_TEST(!plan.worn_out(0));  // one call is under way
  plan.returned(0);
  BOOST_TEST(plan.worn_out(0));
  plan.retired(0, 1);
  BOOST_TEST(!plan.worn_out(0));
  plan.started(0);
  BOOST_TEST(plan.choose().has_value());
}

BOOST_AUTO_TEST_CASE(calls_of_whom_a_child_was_reserved_for_wear_it_out) {
  pool_plan plan = started({.size = 1, .calls_per_life = 3});
  plan.reserve(0);
  plan.released(0);
  plan.took(0, 2);
  BOOST_TEST(!plan.worn_out(0));
  BOOST_TEST(plan.choose().has_value());
  plan.reserve(0);
  plan.took(0, 5);
  BOOST_TEST(!plan.worn_out(0));  // somebody has it
  plan.released(0);
  BOOST_TEST(plan.worn_out(0));
  BOOST_TEST(!plan.choose());
}

BOOST_AUTO_TEST_CASE(children_that_never_were_ready_wait_longer_each_time) {
  pool_plan plan = started({.size = 1, .first_pause = 10, .longest_pause = 35});
  pool_plan::time now = 0;
  for (const pool_plan::time pause : {10, 20, 35, 35}) {
    plan.gone(0, false, now);
    BOOST_TEST(plan.next_start().value() == now + pause);
    BOOST_TEST(!plan.startable(now + pause - 1));
    now += pause;
    BOOST_TEST(plan.startable(now).value() == 0u);
    plan.started(0);
  }
  plan.proved(0);
  plan.gone(0, true, now);
  BOOST_TEST(plan.startable(now).value() == 0u);
}

BOOST_AUTO_TEST_CASE(deaths_beyond_the_budget_wait) {
  pool_plan plan = started({.size = 1, .restart_budget = 2, .restart_window = 100});
  const auto dies = [&](pool_plan::time now) {
    plan.gone(0, true, now);
    const pool_plan::time next = plan.next_start().value();
    plan.started(0);
    return next;
  };
  BOOST_TEST(dies(0) == 0);
  BOOST_TEST(dies(10) == 10);
  BOOST_TEST(dies(20) == 100);   // when the first is long ago
  BOOST_TEST(dies(105) == 110);  // the second
  BOOST_TEST(dies(300) == 300);
}

termination death(int signal) {
  termination info;
  info.signal_number = signal;
  return info;
}

BOOST_AUTO_TEST_CASE(poison_is_known_after_so_many_kills_and_for_so_long) {
  poison_list list({.kills = 2, .keep = 100});
  BOOST_TEST(list.empty());
  list.killed(1, death(6), 0);
  BOOST_TEST(!list.empty());
  BOOST_TEST(!list.refused(1, 1));
  list.killed(1, death(11), 50);
  const termination* const known = list.refused(1, 60);
  BOOST_REQUIRE(known);
  BOOST_TEST(known->signal_number == 11);
  BOOST_TEST(known->refused_after == 2u);
  BOOST_TEST(!list.refused(2, 60));
  BOOST_TEST(list.refused(1, 149));
  BOOST_TEST(!list.refused(1, 150));
  BOOST_TEST(list.empty());
}

BOOST_AUTO_TEST_CASE(poison_is_bounded) {
  poison_list list({.kills = 1, .keep = 1000, .capacity = 3});
  for (std::uint64_t i = 0; i != 10; ++i) list.killed(i, death(6), static_cast<int>(i));
  for (std::uint64_t i = 0; i != 10; ++i) BOOST_TEST((list.refused(i, 10) != nullptr) == (i >= 7));
  poison_list unused({});
  unused.killed(1, death(6), 0);
  BOOST_TEST(unused.empty());
}

BOOST_AUTO_TEST_CASE(fingerprints_tell_calls_apart) {
  std::set<std::uint64_t> seen;
  std::size_t made = 0;
  const auto add = [&](std::string_view first, std::string_view second) {
    fingerprint sum(0x1234'5678'9abc'def0);
    sum.add(std::as_bytes(std::span(first)));
    sum.add(std::as_bytes(std::span(second)));
    seen.insert(sum.value());
    ++made;
  };
  for (std::size_t size = 0; size != 40; ++size) {
    const std::string text(size, '\0');
    add(text, "");
    if (size != 0) add("", text);  // where one ends counts
    if (size > 1) add(text.substr(1), text.substr(0, 1));
    for (std::size_t bit = 0; bit != size * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(1u << bit % 8);
      add(changed, "");
    }
  }
  // (text(1), text(1)) of size 2 is made once; all others differ.
  BOOST_TEST(seen.size() == made);
  fingerprint one(1), other(2);
  one.add(7);
  other.add(7);
  one.add(7);
  other.add(7);
  BOOST_TEST(one.value() != other.value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_plan_test
