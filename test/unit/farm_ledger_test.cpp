// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/ledger.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(farm_ledger_test)

using glovebox::case_record;
using glovebox::cause;
using glovebox::outcome;
using glovebox::farming::ledger;
using glovebox::farming::verdict;
using weight = verdict::weight;

verdict said(weight how, outcome what, bool child_lives = false) {
  verdict made;
  made.how = how;
  made.child_lives = child_lives;
  made.record.outcome = what;
  return made;
}
verdict fine() {
  return said(weight::settled, outcome::ok, true);
}
verdict killed() {
  verdict made = said(weight::inconclusive, outcome::crashed);
  made.record.cause = cause::killed_from_outside;
  return made;
}
verdict no_child() {
  verdict made = said(weight::inconclusive, outcome::not_run);
  made.record.cause = cause::start_failed;
  return made;
}

ledger::settings settings(std::size_t children = 2, std::size_t window = 4) {
  ledger::settings made;
  made.children = children;
  made.window = window;
  made.reruns = 2;
  return made;
}

ledger::task take(ledger& from) {
  const auto task = from.next();
  BOOST_REQUIRE(task.has_value());
  return *task;
}

/// The case's record, unless it will run again.
std::optional<case_record> end_of(ledger& all, const ledger::task& which, verdict how) {
  if (!all.ended(which, how)) return {};
  return std::move(how.record);
}

BOOST_AUTO_TEST_CASE(the_window_bounds_what_is_under_way) {
  ledger all(10, settings(2, 3));
  std::vector<ledger::task> running;
  while (const auto task = all.next()) running.push_back(*task);
  BOOST_TEST(running.size() == 3u);
  BOOST_TEST(running[2].index == 2u);
  BOOST_TEST(!running[2].alone);
  BOOST_TEST(running[2].attempt == 1u);
  const auto record = end_of(all, running[1], fine());
  BOOST_REQUIRE(record);
  BOOST_TEST(record->index == 1u);
  BOOST_TEST(record->attempts == 1u);
  BOOST_TEST((record->outcome == outcome::ok));
  BOOST_TEST(take(all).index == 3u);
  BOOST_TEST(!all.next());
}

BOOST_AUTO_TEST_CASE(nothing_to_do) {
  ledger none(0, settings());
  BOOST_TEST(none.finished());
  BOOST_TEST(!none.next());
}

BOOST_AUTO_TEST_CASE(the_order_is_a_permutation_made_from_the_seed) {
  const auto order_of = [](std::uint64_t seed) {
    ledger::settings chosen = settings(1, 1000);
    chosen.order = seed;
    ledger all(1000, chosen);
    std::vector<std::size_t> order;
    while (const auto task = all.next()) order.push_back(task->index);
    return order;
  };
  const auto plain = order_of(0);
  BOOST_TEST(std::is_sorted(plain.begin(), plain.end()));
  const auto mixed = order_of(1);
  BOOST_TEST(std::set(mixed.begin(), mixed.end()).size() == 1000u);
  BOOST_TEST((mixed != plain));
  BOOST_TEST((mixed == order_of(1)));
  BOOST_TEST((mixed != order_of(2)));
  // The same on every machine.
  BOOST_TEST(mixed[0] == 459u);
}

BOOST_AUTO_TEST_CASE(an_inconclusive_case_runs_again_alone) {
  ledger all(1, settings());
  BOOST_TEST(!end_of(all, take(all), killed()));
  BOOST_TEST(!all.finished());
  const ledger::task again = take(all);
  BOOST_TEST(again.alone);
  BOOST_TEST(again.attempt == 2u);
  const auto record = end_of(all, again, fine());
  BOOST_REQUIRE(record);
  BOOST_TEST((record->outcome == outcome::ok));
  BOOST_TEST(record->attempts == 2u);
  BOOST_TEST(all.finished());
  BOOST_TEST(all.reruns() == 1u);
  BOOST_TEST(all.refuted() == 0u);
}

BOOST_AUTO_TEST_CASE(after_the_last_rerun_the_case_has_what_remains_to_be_said) {
  ledger all(1, settings());
  BOOST_TEST(!end_of(all, take(all), killed()));
  BOOST_TEST(!end_of(all, take(all), killed()));
  const auto record = end_of(all, take(all), killed());
  BOOST_REQUIRE(record);
  BOOST_TEST((record->outcome == outcome::crashed));
  BOOST_TEST((record->cause == cause::killed_from_outside));
  BOOST_TEST(record->attempts == 3u);
}

BOOST_AUTO_TEST_CASE(no_reruns_wanted) {
  ledger::settings chosen = settings();
  chosen.reruns = 0;
  ledger all(2, chosen);
  BOOST_TEST(end_of(all, take(all), killed()).has_value());
  // But a blamed case is confirmed.
  const ledger::task blamed = take(all);
  BOOST_TEST(!end_of(all, blamed, said(weight::blamed, outcome::crashed)));
  BOOST_TEST(end_of(all, take(all), said(weight::settled, outcome::crashed)).has_value());
  BOOST_TEST(all.finished());
}

BOOST_AUTO_TEST_CASE(blame_is_confirmed) {
  ledger all(1, settings());
  BOOST_TEST(!end_of(all, take(all), said(weight::blamed, outcome::crashed)));
  const ledger::task again = take(all);
  BOOST_TEST(again.alone);
  const auto record = end_of(all, again, said(weight::settled, outcome::crashed));
  BOOST_REQUIRE(record);
  BOOST_TEST((record->outcome == outcome::crashed));
  BOOST_TEST(all.refuted() == 0u);
  BOOST_TEST(!all.take_sick());
}

BOOST_AUTO_TEST_CASE(blame_is_refuted) {
  ledger all(2, settings());
  const ledger::task first = take(all), second = take(all);
  BOOST_TEST(!end_of(all, first, said(weight::blamed, outcome::crashed)));
  BOOST_TEST(!end_of(all, second, said(weight::blamed, outcome::out_of_memory, true)));
  BOOST_TEST((end_of(all, take(all), fine())->outcome == outcome::ok));
  BOOST_TEST(!all.take_sick());  // its child is dead anyway
  BOOST_TEST((end_of(all, take(all), fine())->outcome == outcome::ok));
  BOOST_TEST(all.refuted() == 2u);
  BOOST_TEST(all.take_sick());
  BOOST_TEST(!all.take_sick());
}

BOOST_AUTO_TEST_CASE(blame_stands_where_nothing_can_confirm_it) {
  ledger all(1, settings());
  verdict blamed = said(weight::blamed, outcome::crashed);
  blamed.record.message = "the evidence";
  BOOST_TEST(!end_of(all, take(all), std::move(blamed)));
  BOOST_TEST(!end_of(all, take(all), no_child()));
  const auto record = end_of(all, take(all), no_child());
  BOOST_REQUIRE(record);
  BOOST_TEST((record->outcome == outcome::crashed));
  BOOST_TEST(record->message == "the evidence");
  BOOST_TEST(record->attempts == 3u);
  BOOST_TEST(all.refuted() == 0u);
}

BOOST_AUTO_TEST_CASE(blame_is_believed_when_confirmation_is_not_wanted) {
  ledger::settings chosen = settings();
  chosen.confirm = false;
  ledger all(1, chosen);
  BOOST_TEST(end_of(all, take(all), said(weight::blamed, outcome::crashed)).has_value());
  BOOST_TEST(all.finished());
}

BOOST_AUTO_TEST_CASE(children_for_single_cases_are_few_while_the_pool_works) {
  ledger all(20, settings(8, 10));
  std::vector<ledger::task> running;
  for (int i = 0; i != 10; ++i) running.push_back(take(all));
  for (const auto& task : running) BOOST_TEST(!end_of(all, task, killed()));
  std::size_t alone = 0, shared = 0;
  std::vector<ledger::task> next;
  while (const auto task = all.next()) {
    ++(task->alone ? alone : shared);
    next.push_back(*task);
  }
  BOOST_TEST(alone == 2u);
  BOOST_TEST(shared == 10u);
  for (const auto& task : next) BOOST_TEST(end_of(all, task, fine()).has_value());
  alone = 0;
  while (all.next()) ++alone;
  BOOST_TEST(alone == 8u);
}

BOOST_AUTO_TEST_CASE(what_something_else_has_ended_waits_for_all_others) {
  ledger all(4, settings(2, 2));
  const ledger::task first = take(all);
  BOOST_TEST(!end_of(all, first, killed()));
  for (const std::size_t index : {1u, 2u, 3u}) {
    const ledger::task other = take(all);
    BOOST_TEST(other.index == index);
    BOOST_TEST(end_of(all, other, fine()).has_value());
  }
  const ledger::task again = take(all);
  BOOST_TEST(again.index == first.index);
  BOOST_TEST(again.alone);
  BOOST_TEST(again.attempt == 2u);
  BOOST_TEST((end_of(all, again, fine())->outcome == outcome::ok));
  BOOST_TEST(all.finished());
}

BOOST_AUTO_TEST_CASE(abandoned) {
  ledger all(6, settings(2, 4));
  const ledger::task a = take(all), b = take(all), c = take(all), d = take(all);
  BOOST_TEST(!end_of(all, a, killed()));
  BOOST_TEST(!end_of(all, b, said(weight::blamed, outcome::crashed)));
  all.abandon();
  BOOST_TEST(!all.next());
  std::vector<case_record> left;
  while (auto record = all.next_abandoned()) left.push_back(std::move(*record));
  BOOST_REQUIRE(left.size() == 4u);
  BOOST_TEST(left[0].index == 1u);
  BOOST_TEST((left[0].outcome == outcome::crashed));  // what is known of it counts
  BOOST_TEST(left[1].index == 0u);
  BOOST_TEST((left[1].outcome == outcome::not_run));
  BOOST_TEST(left[1].attempts == 1u);
  BOOST_TEST((left[2].outcome == outcome::not_run));
  BOOST_TEST(left[2].attempts == 0u);
  BOOST_TEST(!all.finished());
  // What was under way ends in its own way.
  BOOST_TEST((end_of(all, c, fine())->outcome == outcome::ok));
  BOOST_TEST((end_of(all, d, killed())->outcome == outcome::not_run));
  BOOST_TEST(all.finished());
}

BOOST_AUTO_TEST_CASE(hopeless_when_no_child_ever_starts) {
  ledger::settings chosen = settings(2, 4);
  chosen.reruns = 0;
  ledger all(100, chosen);
  for (int i = 0; i != 3; ++i) end_of(all, take(all), no_child());
  BOOST_TEST(!all.hopeless());
  end_of(all, take(all), no_child());
  BOOST_TEST(all.hopeless());
  // Not when one has ever worked, and not because of inputs.
  ledger works(100, chosen);
  end_of(works, take(works), fine());
  ledger inputs(100, chosen);
  for (int i = 0; i != 50; ++i) {
    end_of(works, take(works), no_child());
    end_of(inputs, take(inputs), glovebox::farming::not_started("no input"));
  }
  BOOST_TEST(!works.hopeless());
  BOOST_TEST(!inputs.hopeless());
}

BOOST_AUTO_TEST_CASE(an_end_is_told_once) {
  ledger all(2, settings());
  const ledger::task task = take(all);
  end_of(all, task, fine());
  BOOST_CHECK_THROW(end_of(all, task, fine()), std::logic_error);
  BOOST_CHECK_THROW(end_of(all, {1, false, 1}, fine()), std::logic_error);
  BOOST_CHECK_THROW(end_of(all, {2, false, 1}, fine()), std::logic_error);
}

// Whatever happens at each step: every case gets one record, and there is always something to do
// until then.
BOOST_DATA_TEST_CASE(nothing_is_ever_lost, boost::unit_test::data::xrange(200), seed) {
  std::uint64_t state = static_cast<std::uint64_t>(seed) + 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  ledger::settings chosen;
  chosen.children = 1 + random(4);
  chosen.window = 1 + random(10);
  chosen.reruns = static_cast<std::uint32_t>(random(4));
  chosen.confirm = random(2) != 0;
  chosen.order = random(3);
  const std::size_t total = random(60);
  const std::size_t abandon_after = random(4) == 0 ? random(60) : 1000;
  ledger all(total, chosen);
  std::vector<ledger::task> running;
  std::multiset<std::size_t> recorded;
  for (int steps = 0; !all.finished(); ++steps) {
    BOOST_REQUIRE(steps < 10'000);
    while (const auto task = all.next()) running.push_back(*task);
    if (recorded.size() >= abandon_after) {
      all.abandon();
      while (const auto left = all.next_abandoned()) recorded.insert(left->index);
    }
    if (running.empty()) continue;
    const std::size_t which = random(running.size());
    const ledger::task task = running[which];
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
    constexpr weight weights[] = {weight::settled, weight::blamed, weight::inconclusive};
    const auto what = glovebox::all_outcomes[random(glovebox::outcome_count)];
    if (const auto record = end_of(all, task, said(weights[random(3)], what, random(2) != 0)))
      recorded.insert(record->index);
  }
  BOOST_TEST(running.empty());
  BOOST_TEST(recorded.size() == total);
  for (std::size_t i = 0; i != total; ++i) BOOST_TEST(recorded.count(i) == 1u);
  BOOST_TEST(all.recorded() == total);
}

BOOST_AUTO_TEST_SUITE_END()
