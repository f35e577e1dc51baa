// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Copies that are there before their fork server is told of them.
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_order_test)

using namespace snapshots;
using life::end_of;
using life::ending;
using life::into;
using life::run_until_over;

/// A child that has copied itself, or is about to do so once more, of which nobody has told its
/// fork server: that is done in the io_context, which nobody runs. Beside it another child of the
/// same server.
struct unannounced_copy {
  unannounced_copy() {
    life::make_ready(io, ctx);
    life::make_ready(io, *other);
    ending asked, detached;
    other->call<&life::parent_pid>(into(asked));
    run_until_over(io, asked);
    server = asked.value;
    other->call<&make_daemon>(into(detached));
    run_until_over(io, detached);
    daemon = detached.value;
    const std::vector<pid_t> before = life::children_of(server);
    // The first call is preceded by an order.
    ctx.call<&add>(1, into(first));
    BOOST_TEST_REQUIRE(life::eventually([&] {
      for (const pid_t each : life::children_of(server))
        if (std::find(before.begin(), before.end(), each) == before.end()) copy = each;
      return copy != 0;
    }));
  }
  static context_options going_back() {
    context_options options;
    options.on_crash = on_crash::roll_back;
    return options;
  }
  bool serves(pid_t pid) const {
    const std::vector<pid_t> all = life::children_of(server);
    return std::find(all.begin(), all.end(), pid) != all.end();
  }
  /// The server reaps the other child, and looks for what it has left behind.
  void end_other() const {
    const pid_t pid = other->pid();
    const life::process_watch process(pid);
    process.send(SIGKILL);
    BOOST_TEST(process.ends());
    BOOST_TEST(life::eventually([&] { return !serves(pid); }));
  }
  int add_one() {
    ending sum;
    ctx.call<&add>(1, into(sum));
    run_until_over(io, sum);
    if (sum.error) std::rethrow_exception(sum.error);
    return sum.value;
  }

  asio::io_context io;
  context ctx{io, going_back()};
  std::optional<context> other{std::in_place, io};
  pid_t server = 0, daemon = 0, copy = 0;
  ending first;
};

BOOST_FIXTURE_TEST_CASE(it_is_taken_for_no_orphan, unannounced_copy) {
  const life::process_watch orphan(daemon);
  end_other();
  BOOST_TEST(life::process_watch(copy).alive());
  run_until_over(io, first);
  BOOST_TEST(first.value == 1);
  BOOST_TEST(orphan.ends());  // what was spared for its sake
  ending crash;
  ctx.call<&commit_fault>(std::string("null_dereference"), end_of(crash));
  run_until_over(io, crash);
  BOOST_TEST(crash.failed());
  BOOST_TEST(add_one() == 2);
  BOOST_TEST(ctx.stats().roll_backs == 1u);
}

BOOST_FIXTURE_TEST_CASE(one_that_ends, unannounced_copy) {
  const pid_t others = other->pid();
  const life::process_watch process(copy), beside(others), orphan(daemon);
  process.send(SIGKILL);
  BOOST_TEST(process.ends());
  beside.send(SIGKILL);
  BOOST_TEST(beside.ends());
  BOOST_TEST(life::eventually([&] { return is_waiting(server) && !serves(others); }));
  BOOST_TEST(serves(copy));  // its end is kept
  run_until_over(io, first);
  BOOST_TEST(first.value == 1);
  ending told;
  other->call<&life::parent_pid>(into(told));
  run_until_over(io, told);
  BOOST_TEST(told.failed());
  BOOST_TEST((other->ended().value().cause == cause::killed_from_outside));
  BOOST_TEST(orphan.ends());
  BOOST_TEST(life::eventually([&] { return !serves(copy) && !serves(others); }));
  BOOST_TEST(add_one() == 2);
}

BOOST_FIXTURE_TEST_CASE(one_that_is_given_up, unannounced_copy) {
  const life::process_watch process(copy), child(ctx.pid()), orphan(daemon);
  end_other();
  ctx = {};
  BOOST_TEST(child.ends());
  run_until_over(io, first);
  BOOST_TEST(first.failed());
  life::run_to_the_end(io);
  BOOST_TEST(process.ends());
  BOOST_TEST(orphan.ends());
  BOOST_TEST(life::eventually([&] { return life::children_of(server).empty(); }));
}

// The context goes on from it.
BOOST_FIXTURE_TEST_CASE(one_whose_original_ends, unannounced_copy) {
  const life::process_watch child(ctx.pid());
  // It has answered the orders, before its first call and after it: without that there would be no
  // way back.
  BOOST_TEST_REQUIRE(life::eventually([&] { return is_waiting(ctx.pid()); }));
  child.send(SIGKILL);
  BOOST_TEST(child.ends());
  run_until_over(io, first);
  BOOST_TEST(first.value == 1);
  BOOST_TEST(add_one() == 2);
  BOOST_TEST(ctx.pid() != copy);
  BOOST_TEST(ctx.stats().roll_backs == 1u);
}

// Before anybody has told the fork server.
BOOST_AUTO_TEST_CASE(one_whose_execution_context_is_destroyed) {
  std::optional<unannounced_copy> made(std::in_place);
  const life::process_watch process(made->copy), orphan(made->daemon), server(made->server);
  made.reset();
  BOOST_TEST(process.ends());
  BOOST_TEST(orphan.ends());
  BOOST_TEST(server.ends());
}

BOOST_AUTO_TEST_SUITE_END()
