// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Children, and parents, that poll before they sleep.
#include "integration/call_fixture.hpp"

#include <glovebox/run_polling.hpp>

#include <sched.h>
#include <csignal>
#include <ctime>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(busy_poll_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::chrono_literals;
using asio::use_future;

context_options polling(std::chrono::nanoseconds time = 50us) {
  context_options options;
  options.busy_poll = time;
  return options;
}

std::size_t processors() {
  cpu_set_t mine;
  BOOST_TEST_REQUIRE(::sched_getaffinity(0, sizeof mine, &mine) == 0);
  return static_cast<std::size_t>(CPU_COUNT(&mine));
}

struct several_processors {
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result there(processors() > 1);
    there.message() << "there is one processor, and a child that polls is refused";
    return there;
  }
};

int add(int a, int b) {
  return a + b;
}
int crash() {
  std::raise(SIGSEGV);
  return 0;
}
double seconds_used() {
  timespec time;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
void sleep_there(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

BOOST_AUTO_TEST_CASE(calls_and_their_ends, *boost::unit_test::precondition(several_processors{})) {
  const context child(shared_io(), polling());
  for (int i = 0; i != 1000; ++i)
    BOOST_TEST_REQUIRE(get(child.call<&add>(i, 1, use_future)) == i + 1);
  std::vector<std::future<int>> many;
  for (int i = 0; i != 1000; ++i) many.push_back(child.call<&add>(i, 2, use_future));
  for (int i = 0; i != 1000; ++i) BOOST_TEST_REQUIRE(get(std::move(many[i])) == i + 2);
  try {
    get(child.call<&crash>(use_future));
    BOOST_ERROR("it has returned");
  } catch (const process_terminated& why) {
    BOOST_TEST(why.info().signal_number == SIGSEGV);
  }
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_parent,
                     *boost::unit_test::precondition(several_processors{})) {
  const context child(shared_io(), polling(10s));
  BOOST_TEST(get(child.call<&add>(1, 1, use_future)) == 2);
  get(child.stop(use_future));
  BOOST_TEST((child.state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(an_idle_child_sleeps, *boost::unit_test::precondition(several_processors{})) {
  const context child(shared_io(), polling(1ms)), other(shared_io());
  get(child.call<&add>(1, 1, use_future));
  const double before = get(child.call<&seconds_used>(use_future));
  get(other.call<&sleep_there>(500, use_future));
  BOOST_TEST(get(child.call<&seconds_used>(use_future)) - before < 0.25);
}

BOOST_AUTO_TEST_CASE(where_processors_are_too_few) {
  std::vector<context> children;
  for (std::size_t i = 1; i != processors(); ++i) {
    children.emplace_back(shared_io(), polling());
    get(children.back().start(use_future));
  }
  const auto refused = [] {
    const context one_more(shared_io(), polling());
    return message_of<process_terminated>([&] { get(one_more.start(use_future)); });
  };
  const std::string why = refused();
  BOOST_TEST(why.find("context_options::busy_poll needs a processor") != why.npos, why);
  if (children.empty()) return;
  // The place of one that has ended is free, though its context is still there.
  get(children.back().stop(use_future));
  const context another(shared_io(), polling());
  get(another.start(use_future));
  BOOST_TEST(refused() != "nothing was thrown");
}

BOOST_AUTO_TEST_CASE(a_parent_that_polls) {
  asio::io_context io;
  const context child(io);
  int sum = 0;
  for (int i = 0; i != 100; ++i)
    child.call<&add>(i, 0, [&](std::exception_ptr error, int got) { sum += error ? 0 : got; });
  BOOST_TEST(run_polling(io, 20us) > 0u);
  BOOST_TEST(sum == 4950);
  BOOST_TEST(io.stopped());
  BOOST_TEST(run_polling(io) == 0u);
  io.restart();
  child.call<&add>(1, 1, [&](std::exception_ptr, int) { io.stop(); });
  child.call<&sleep_there>(10'000'000, [](std::exception_ptr) {});
  run_polling(io);
  BOOST_TEST(io.stopped());
}

BOOST_AUTO_TEST_SUITE_END()
