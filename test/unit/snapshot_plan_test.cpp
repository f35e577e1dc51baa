// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/snapshot_plan.hpp"

#include <boost/test/unit_test.hpp>

namespace snapshot_plan_test {

using glovebox::core::snapshot_plan;

BOOST_AUTO_TEST_SUITE(snapshot_plan_test)

BOOST_AUTO_TEST_CASE(after_every_call) {
  snapshot_plan plan({.after = 1});
  BOOST_TEST(!plan.due(0, false));  // nothing to be lost, and nothing that may crash
  BOOST_TEST(plan.due(0, true));
  plan.ordered(0);
  BOOST_TEST(plan.holds());
  BOOST_TEST(!plan.due(0, true));
  plan.made(10);
  BOOST_TEST(!plan.holds());
  BOOST_TEST(!plan.due(10, true));
  plan.sent(false);
  plan.answered(false);
  BOOST_TEST(!plan.due(11, true));
  BOOST_TEST(plan.unsaved() == 0u);
  plan.sent(true);
  BOOST_TEST(plan.due(11, false));
  plan.ordered(11);
  plan.answered(true);
  BOOST_TEST(plan.unsaved() == 1u);
  plan.made(12);
  BOOST_TEST(plan.unsaved() == 0u);
}

BOOST_AUTO_TEST_CASE(no_more_often_than_it_may_cost) {
  snapshot_plan plan({.after = 3});
  plan.ordered(0);
  BOOST_TEST(!plan.holds());  // calls go on
  plan.made(100);
  for (int i = 0; i != 2; ++i) plan.sent(true);
  BOOST_TEST(!plan.due(1'000'000, true));
  plan.sent(true);
  BOOST_TEST(!plan.due(1999, true));
  BOOST_TEST(plan.due(2000, true));  // 100 of 2000
}

BOOST_AUTO_TEST_CASE(by_hand) {
  snapshot_plan plan({.after = 0});
  plan.sent(true);
  plan.answered(true);
  BOOST_TEST(!plan.due(0, true));
  BOOST_TEST(plan.unsaved() == 1u);
  plan.made_by_hand();
  BOOST_TEST(plan.unsaved() == 0u);
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_be_copied) {
  snapshot_plan plan({.after = 1});
  plan.ordered(0);
  plan.refused(0);
  BOOST_TEST(!plan.holds());
  BOOST_TEST(!plan.due(0, true));
  plan.sent(true);
  plan.answered(true);
  BOOST_TEST(plan.due(0, true));
  plan.ordered(0);
  plan.refused(0);
  BOOST_TEST(plan.unsaved() == 1u);
}

BOOST_AUTO_TEST_CASE(a_budget) {
  snapshot_plan plan({.after = 1, .max_roll_backs = 2});
  BOOST_TEST(plan.may_go_back());
  plan = plan.next(false);
  BOOST_TEST(!plan.due(0, true));  // it is as its snapshot is
  BOOST_TEST(plan.may_go_back());
  plan = plan.next(false);
  BOOST_TEST(!plan.may_go_back());
  plan.answered(false);
  BOOST_TEST(plan.may_go_back());
  plan = plan.next(false).next(false).next(true);
  BOOST_TEST(plan.may_go_back());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace snapshot_plan_test
