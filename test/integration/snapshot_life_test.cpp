// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// How snapshots end, and what is left when one of those concerned goes at the wrong moment.
#include "integration/gate.hpp"
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"

#include <glovebox/this_child.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_life_test)

using namespace snapshots;

BOOST_AUTO_TEST_CASE(a_snapshot_that_was_killed) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const snapshot lost = snapshot_of(ctx), good = snapshot_of(ctx);
  const life::process_watch process(lost.pid());
  process.send(SIGKILL);
  BOOST_TEST(process.ends());
  BOOST_CHECK_THROW(go_back(ctx, lost), state_error);
  BOOST_TEST(add_in(ctx, 1) == 2);
  go_back(ctx, good);
  BOOST_TEST(add_in(ctx, 1) == 2);
  BOOST_CHECK_THROW(add_in(lost.revive(), 1), process_terminated);
}

BOOST_AUTO_TEST_CASE(one_that_does_not_answer) {
  context_options options;
  options.start_timeout = std::chrono::seconds(2) * time_scale;
  const context ctx(shared_io(), options);
  add_in(ctx, 1);
  const snapshot stopped = snapshot_of(ctx), good = snapshot_of(ctx);
  const life::process_watch process(stopped.pid());
  process.send(SIGSTOP);
  BOOST_CHECK_THROW(go_back(ctx, stopped), call_timeout);
  go_back(ctx, good);
  BOOST_TEST(add_in(ctx, 1) == 2);
  process.send(SIGCONT);
}

// The server reads that there will be a copy, what that says, and that it has ended, all at once.
BOOST_AUTO_TEST_CASE(one_that_ends_before_its_server_knows_it) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const pid_t server_pid = get(ctx.call<&life::parent_pid>(use_future));
  BOOST_TEST_REQUIRE(life::eventually([&] { return life::children_of(server_pid).size() == 1; }));
  const life::process_watch server(server_pid);
  server.send(SIGSTOP);
  auto asked = ctx.snapshot(use_future);
  pid_t copy = 0;
  BOOST_TEST_REQUIRE(life::eventually([&] {
    for (const pid_t each : life::children_of(server_pid))
      if (each != ctx.pid()) copy = each;
    return copy != 0 && is_waiting(copy);
  }));
  const life::process_watch process(copy);
  process.send(SIGKILL);
  BOOST_TEST(process.ends());
  server.send(SIGCONT);
  const snapshot made = get(std::move(asked));
  BOOST_TEST(made.pid() == copy);
  BOOST_CHECK_THROW(go_back(ctx, made), state_error);
  BOOST_TEST(add_in(ctx, 1) == 2);
}

/// The fork server does nothing while this lives.
class stopped_server {
 public:
  explicit stopped_server(pid_t pid) : server_(pid) { server_.send(SIGSTOP); }
  ~stopped_server() { server_.send(SIGCONT); }
  stopped_server(const stopped_server&) = delete;
  stopped_server& operator=(const stopped_server&) = delete;

 private:
  life::process_watch server_;
};

BOOST_AUTO_TEST_CASE(one_that_is_dropped_before_its_server_knows_it) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const pid_t server = get(ctx.call<&life::parent_pid>(use_future));
  BOOST_TEST_REQUIRE(life::eventually([&] { return life::children_of(server).size() == 1; }));
  pid_t copy = 0;
  {
    const stopped_server meanwhile(server);
    copy = snapshot_of(ctx).pid();
  }
  BOOST_TEST(copy > 0);
  BOOST_TEST(life::process_watch(copy).ends());
  BOOST_TEST(add_in(ctx, 1) == 2);
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() == 1; }));
}

BOOST_AUTO_TEST_CASE(going_back_before_the_server_knows_of_it) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const pid_t server = get(ctx.call<&life::parent_pid>(use_future));
  BOOST_TEST_REQUIRE(life::eventually([&] { return life::children_of(server).size() == 1; }));
  std::optional<snapshot> before;
  {
    const stopped_server meanwhile(server);
    before = snapshot_of(ctx);
    for (int i = 0; i != 3; ++i) {
      go_back(ctx, *before);
      BOOST_TEST(add_in(ctx, 1) == 2);
    }
  }
  // The context's child, the snapshot, and the copy of it that is kept for the next time.
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() == 3; }));
  BOOST_TEST(add_in(ctx, 1) == 3);
  before.reset();
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() == 1; }));
  BOOST_TEST((crash(ctx) == cause::signal));
}

/// Of what the order to copy itself has brought, the last socket is where the copy will say who it
/// is to the fork server, the one before that is its channel: it says so itself, before there is
/// one.
void speak_for_copies(std::size_t from_the_end, std::int32_t error) {
  this_child::on_copy(
      {.before =
           [from_the_end, error] {
             std::vector<int> sockets;
             for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
               const int fd = std::stoi(each.path().filename());
               struct stat what {};
               if (::fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode)) sockets.push_back(fd);
             }
             std::sort(sockets.rbegin(), sockets.rend());
             if (::write(sockets.at(from_the_end), &error, sizeof error) != sizeof error)
               std::abort();
           },
       .in_original = {},
       .in_copy = {}});
}

// It spoils its own context, and no other.
BOOST_DATA_TEST_CASE(a_child_that_speaks_to_its_copys_parent, (std::array{0, -1}), error) {
  std::optional<context> ctx(std::in_place, shared_io());
  const pid_t server = get(ctx->call<&life::parent_pid>(use_future));
  get(ctx->call<&speak_for_copies>(std::size_t{1}, error, use_future));
  const auto use_copies = [&] {
    const snapshot made = snapshot_of(*ctx);
    go_back(*ctx, made);
    add_in(*ctx, 1);
  };
  BOOST_CHECK_THROW(use_copies(), process_terminated);
  ctx.reset();
  const context other(shared_io());
  BOOST_TEST(add_in(other, 1) == 1);
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() == 1; }));
}

BOOST_DATA_TEST_CASE(a_child_that_says_it_is_its_copy, (std::array{0, -1, ENOMEM}), error) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const pid_t server = get(ctx.call<&life::parent_pid>(use_future));
  get(ctx.call<&speak_for_copies>(std::size_t{0}, error, use_future));
  std::string why;
  try {
    // It may be heard of before the server says what it thinks of it.
    const snapshot made = snapshot_of(ctx);
    BOOST_TEST_REQUIRE(life::eventually([&] { return made.ended().has_value(); }));
    why = made.ended()->summary();
  } catch (const process_terminated& refused) {
    why = refused.what();
  }
  BOOST_TEST(why.find("copying a child") != why.npos, why);
  BOOST_TEST(add_in(ctx, 1) == 2);
  const context other(shared_io());
  BOOST_TEST(add_in(other, 1) == 1);
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() == 2; }));
}

BOOST_AUTO_TEST_CASE(an_owner_who_goes_while_it_goes_back) {
  for (int i = 0; i != 10; ++i) {
    std::optional<context> ctx(std::in_place, shared_io());
    const pid_t server = get(ctx->call<&life::parent_pid>(use_future));
    std::optional<snapshot> before = snapshot_of(*ctx);
    const gate held;
    auto runs = ctx->call<&life::pass_gate>(held.path(), 1, use_future);
    held.wait_for_one();
    auto back = ctx->roll_back(*before, use_future);
    ctx.reset();
    before.reset();
    BOOST_CHECK_THROW(get(std::move(runs)), process_terminated);
    try {
      get(std::move(back));
    } catch (const glovebox::error&) {
      // Who came first is open; nothing is left in any case.
    }
    BOOST_TEST(life::eventually([&] { return life::children_of(server).empty(); }));
  }
}

/// Of a snapshot, the first copy is the snapshot itself.
void do_in_second_copy(std::function<void()> what) {
  this_child::on_copy(
      {.before = {}, .in_original = {}, .in_copy = [what = std::move(what), copies = 0]() mutable {
         if (++copies == 2) what();
       }});
}
void hold_second_copy(const std::string& gate) {
  do_in_second_copy([gate] { life::pass_gate(gate, 1); });
}
void crash_second_copy() {
  do_in_second_copy([] { commit_fault("null_dereference"); });
}

BOOST_AUTO_TEST_CASE(an_idle_child_lives_until_the_next_one_is_there) {
  const context ctx(shared_io());
  const gate held;
  get(ctx.call<&hold_second_copy>(held.path(), use_future));
  add_in(ctx, 1);
  const snapshot before = snapshot_of(ctx);
  const life::process_watch child(ctx.pid());
  auto back = ctx.roll_back(before, use_future);
  held.wait_for_one();
  BOOST_TEST(child.alive());
  held.open();
  get(std::move(back));
  BOOST_TEST(child.ends());
  BOOST_TEST(add_in(ctx, 1) == 2);
}

BOOST_AUTO_TEST_CASE(an_idle_child_ends_when_there_is_no_next_one) {
  const context ctx(shared_io());
  get(ctx.call<&crash_second_copy>(use_future));
  const snapshot before = snapshot_of(ctx);
  const life::process_watch child(ctx.pid());
  BOOST_CHECK_THROW(go_back(ctx, before), process_terminated);
  BOOST_TEST(child.ends());
}

BOOST_AUTO_TEST_CASE(an_owner_who_goes_while_an_idle_child_goes_back) {
  for (int i = 0; i != 10; ++i) {
    std::optional<context> ctx(std::in_place, shared_io());
    const pid_t server = get(ctx->call<&life::parent_pid>(use_future));
    std::optional<snapshot> before = snapshot_of(*ctx);
    auto back = ctx->roll_back(*before, use_future);
    (i % 2 == 0 ? ctx.reset() : before.reset());
    ctx.reset();
    before.reset();
    try {
      get(std::move(back));
    } catch (const glovebox::error&) {
      // Who came first is open; nothing is left in any case.
    }
    BOOST_TEST(life::eventually([&] { return life::children_of(server).empty(); }));
  }
}

BOOST_AUTO_TEST_CASE(handles_that_outlive_their_execution_context) {
  snapshot outlives;
  context too;
  pid_t pid = 0;
  {
    running_io own;
    too = context(own.io);
    BOOST_TEST(add_in(too, 1) == 1);
    outlives = snapshot_of(too);
    pid = outlives.pid();
    own.halt();
  }
  BOOST_TEST(life::process_watch(pid).ends());
  outlives = {};
  too = {};
}

BOOST_AUTO_TEST_CASE(processes_end_with_their_handles) {
  std::optional<context> ctx(std::in_place, shared_io());
  add_in(*ctx, 1);
  std::optional<snapshot> one = snapshot_of(*ctx);
  const life::process_watch sleeping(one->pid());
  snapshot same = *one;
  one.reset();
  BOOST_TEST(sleeping.alive());
  go_back(*ctx, same);
  same = {};
  BOOST_TEST(sleeping.ends());
  BOOST_TEST(add_in(*ctx, 1) == 2);
  const life::process_watch living(ctx->pid());
  ctx.reset();
  BOOST_TEST(living.ends());
}

BOOST_AUTO_TEST_CASE(nothing_is_left_behind) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const pid_t server = get(ctx.call<&life::parent_pid>(use_future));
  const snapshot before = snapshot_of(ctx);
  for (int i = 0; i != 3; ++i) {
    go_back(ctx, before);
    add_in(ctx, 1);
  }
  // The context's child, the snapshot, and the copy of it that is kept for the next time.
  const auto as_few_as_needed = [&] {
    return life::eventually([&] { return life::children_of(server).size() == 3; });
  };
  BOOST_TEST_REQUIRE(as_few_as_needed());
  const std::size_t descriptors = life::open_descriptors();
  for (int i = 0; i != 50; ++i) {
    if (i % 5 == 0) crash(ctx);
    const snapshot dropped = snapshot_of(before.revive());
    go_back(ctx, before);
    BOOST_TEST(add_in(ctx, 1) == 2);
  }
  BOOST_TEST(as_few_as_needed());
  BOOST_TEST(life::eventually([&] { return life::open_descriptors() <= descriptors + 3; }));
}

BOOST_AUTO_TEST_SUITE_END()
