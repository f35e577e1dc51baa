// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Contexts to which a crash is no end: what is undone, and what is said of it.
#include "integration/call_fixture.hpp"
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"
#include "support/dice.hpp"
#include "support/faults.hpp"
#include "support/long_run.hpp"

#include <glovebox/testing.hpp>

#include <unistd.h>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(roll_back_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- in the child

long total = 0;
long add(long n) {
  return total += n;
}
long read_total() {
  return total;
}
void crash_behind_gate(const std::string& path) {
  life::gate::pass(path);
  commit_fault("null_dereference");
}
generator<int> numbers() {
  for (int i = 0;; ++i) co_yield i;
}
struct counted {
  explicit counted(int n) : number(n) {}
  int value() const { return number; }
  int add(int n) { return number += n; }
  int number;
};
std::shared_ptr<counted> only_one() {
  static const auto made = std::make_shared<counted>(7);
  return made;
}

// ---- in the parent

/// What a context told. It may tell more when the test is over.
class events {
 public:
  struct rolled_back {
    std::uint64_t lost = 0, stale = 0;
    cause why{};
    pid_t pid = 0;
  };

  std::function<void(const context_event&)> hook() const {
    return [told = told_](const context_event& event) {
      const std::lock_guard held(told->lock);
      if (event.what == context_event::kind::ended) ++told->ended;
      if (event.what == context_event::kind::rolled_back)
        told->all.push_back({event.lost_calls, event.stale_objects, event.end->cause, event.pid});
    };
  }
  std::vector<rolled_back> seen() const {
    const std::lock_guard held(told_->lock);
    return told_->all;
  }
  int ended() const {
    const std::lock_guard held(told_->lock);
    return told_->ended;
  }

 private:
  struct state {
    std::mutex lock;
    std::vector<rolled_back> all;
    int ended = 0;
  };
  std::shared_ptr<state> told_ = std::make_shared<state>();
};

context_options going_back(std::uint32_t after, events* told = nullptr) {
  context_options options;
  options.on_crash = on_crash::roll_back;
  options.snapshot_after = after;
  if (told) options.on_event = told->hook();
  return options;
}
std::future<void> crash(const context& ctx) {
  return ctx.call<&commit_fault>(std::string("null_dereference"), use_future);
}
cause ends(std::future<void> call) {
  try {
    get(std::move(call));
  } catch (const process_terminated& why) {
    BOOST_TEST((why.info().culprit == culprit::yes), why.info().report());
    return why.info().cause;
  }
  return {};
}
long total_in(const context& ctx) {
  return get(ctx.call<&read_total>(use_future));
}

BOOST_AUTO_TEST_SUITE(crashes)

BOOST_AUTO_TEST_CASE(nothing_is_lost) {
  events told;
  const context ctx(shared_io(), going_back(1, &told));
  std::vector<std::future<long>> sums;
  std::vector<std::future<void>> crashes;
  for (int i = 0; i != 30; ++i) {
    sums.push_back(ctx.call<&add>(1, use_future));
    if (i % 10 == 4) crashes.push_back(crash(ctx));
  }
  for (auto& each : crashes) BOOST_TEST((ends(std::move(each)) == cause::signal));
  long expected = 0;
  for (auto& each : sums) BOOST_TEST(get(std::move(each)) == ++expected);
  BOOST_TEST(total_in(ctx) == 30);
  BOOST_TEST(ctx.stats().roll_backs == 3u);
  BOOST_TEST(told.seen().size() == 3u);
  for (const auto& each : told.seen()) {
    BOOST_TEST(each.lost == 0u);
    BOOST_TEST((each.why == cause::signal));
    BOOST_TEST(each.pid != ctx.pid());
  }
  BOOST_TEST(told.ended() == 0);
}

BOOST_AUTO_TEST_CASE(the_first_call_may_crash) {
  const context ctx(shared_io(), going_back(1));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_TEST(get(ctx.call<&add>(2, use_future)) == 2);
}

BOOST_AUTO_TEST_CASE(what_is_lost_is_told) {
  events told;
  const context ctx(shared_io(), going_back(0, &told));
  get(ctx.call<&add>(5, use_future));
  const snapshot five = get(ctx.snapshot(use_future));
  get(ctx.call<&add>(1, use_future));
  get(ctx.call<&add>(1, use_future));
  const auto late = get(ctx.make<counted>(1, use_future));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  try {
    total_in(ctx);
    BOOST_ERROR("the call was run");
  } catch (const state_rolled_back& why) {
    BOOST_TEST(why.lost_calls() == 3u, why.what());
  }
  BOOST_TEST(total_in(ctx) == 5);
  BOOST_TEST(told.seen().size() == 1u);
  BOOST_TEST(told.seen().front().lost == 3u);
  BOOST_TEST(told.seen().front().stale == 1u);
  BOOST_CHECK_THROW(get(late.call<&counted::value>(use_future)), std::logic_error);
}

// A handle once more of an object that the snapshot knows.
BOOST_AUTO_TEST_CASE(what_comes_again_is_not_stale) {
  events told;
  const context ctx(shared_io(), going_back(0, &told));
  const auto early = get(ctx.call<&only_one>(use_future));
  const snapshot before = get(ctx.snapshot(use_future));
  const auto again = get(ctx.call<&only_one>(use_future));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_CHECK_THROW(total_in(ctx), state_rolled_back);
  BOOST_TEST(told.seen().front().stale == 0u);
  BOOST_TEST(get(again.call<&counted::value>(use_future)) == 7);
}

BOOST_AUTO_TEST_CASE(calls_behind_it_do_not_run_where_others_are_lost) {
  const context ctx(shared_io(), going_back(0));
  const snapshot start = get(ctx.snapshot(use_future));
  get(ctx.call<&add>(1, use_future));
  auto crashing = crash(ctx);
  auto behind = ctx.call<&add>(1, use_future);
  BOOST_TEST((ends(std::move(crashing)) == cause::signal));
  BOOST_CHECK_THROW(get(std::move(behind)), state_rolled_back);
  BOOST_TEST(total_in(ctx) == 0);
}

BOOST_AUTO_TEST_CASE(accepted_losses) {
  context_options options = going_back(0);
  options.accept_lost_state = true;
  const context ctx(shared_io(), options);
  const snapshot start = get(ctx.snapshot(use_future));
  get(ctx.call<&add>(1, use_future));
  auto crashing = crash(ctx);
  auto behind = ctx.call<&add>(1, use_future);
  BOOST_TEST((ends(std::move(crashing)) == cause::signal));
  BOOST_TEST(get(std::move(behind)) == 1);
}

BOOST_AUTO_TEST_CASE(without_a_snapshot_it_ends) {
  const context ctx(shared_io(), going_back(0));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_CHECK_THROW(total_in(ctx), state_error);
  BOOST_TEST((ctx.state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(pure_calls) {
  const context ctx(shared_io(), going_back(0));
  const auto object = get(ctx.make<counted>(7, use_future));
  const snapshot before = get(ctx.snapshot(use_future));
  BOOST_TEST(get(object.call<&counted::value>(use_future)) == 7);
  BOOST_TEST(get(ctx.with({.pure = true}).call<&read_total>(use_future)) == 0);
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_TEST(get(object.call<&counted::value>(use_future)) == 7);
  get(object.call<&counted::add>(1, use_future));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_CHECK_THROW(get(object.call<&counted::value>(use_future)), state_rolled_back);
}

BOOST_AUTO_TEST_CASE(deadlines) {
  const context ctx(shared_io(), going_back(1));
  get(ctx.call<&add>(3, use_future));
  const call_options impatient{.timeout = life::soon, .grace = std::chrono::milliseconds(1)};
  auto hangs = ctx.with(impatient).call<&life::wait_for_ever>(use_future);
  auto behind = ctx.call<&add>(1, use_future);
  BOOST_CHECK_THROW(get(std::move(hangs)), call_timeout);
  BOOST_TEST(get(std::move(behind)) == 4);
}

// The context goes on, and so do they: nothing else about it is of any interest to whoever makes
// them.
BOOST_AUTO_TEST_CASE(calls_while_a_child_is_being_ended) {
  asio::io_context io;
  const context ctx(io, going_back(1));
  life::ending first, hangs, behind, last;
  ctx.call<&add>(3, life::end_of(first));
  life::run_until_over(io, first);
  const call_options impatient{.timeout = life::soon, .grace = std::chrono::milliseconds(1)};
  ctx.with(impatient).call<&life::wait_for_ever>(life::end_of(hangs));
  life::run_until(io, [&] { return ctx.state() == context_state::terminating; });
  BOOST_TEST(!hangs.over);
  long total = 0;
  ctx.call<&add>(1, [&](const std::exception_ptr& error, long sum) {
    behind = {.over = true, .error = error};
    total = sum;
  });
  life::run_until_over(io, behind);
  BOOST_TEST(hangs.as<call_timeout>().info().cause == cause::deadline);
  BOOST_TEST(!behind.failed());
  BOOST_TEST(total == 4);
  // Where it does not go on they are told of its end, or that it is over.
  ctx.kill();
  ctx.call<&add>(1, life::end_of(last));
  life::run_until_over(io, last);
  last.as<state_error>();
}

BOOST_AUTO_TEST_CASE(faults_of_every_kind) {
  using testing::fault;
  const auto faults = std::make_shared<testing::fault_plan>();
  context_options options = going_back(1);
  options.faults = faults;
  const context ctx(shared_io(), options);
  long expected = get(ctx.call<&add>(1, use_future));
  for (const fault what :
       {fault::kill, fault::crash, fault::exit, fault::truncate, fault::corrupt, fault::close}) {
    BOOST_TEST_INFO_SCOPE(to_string(what));
    faults->at_call(faults->calls() + 1, what);
    auto hit = ctx.call<&add>(100, use_future), behind = ctx.call<&add>(1, use_future);
    BOOST_CHECK_THROW(get(std::move(hit)), process_terminated);
    BOOST_TEST(get(std::move(behind)) == ++expected);
  }
  const call_options impatient{.timeout = life::soon, .grace = std::chrono::milliseconds(1)};
  faults->at_call(faults->calls() + 1, fault::hang);
  BOOST_CHECK_THROW(get(ctx.with(impatient).call<&add>(100, use_future)), call_timeout);
  BOOST_TEST(get(ctx.call<&add>(1, use_future)) == ++expected);
  // This one runs, and a snapshot may be made behind it before its answer is missed.
  faults->at_call(faults->calls() + 1, fault::drop);
  BOOST_CHECK_THROW(get(ctx.with(impatient).call<&add>(100, use_future)), call_timeout);
  const long left = get(ctx.call<&add>(1, use_future));
  BOOST_TEST((left == expected + 1 || left == expected + 101));
  BOOST_TEST(ctx.stats().roll_backs == 8u);
}

// It counts from the call, in whichever life that is run. Deadlines of other contexts tell the
// time.
BOOST_AUTO_TEST_CASE(deadlines_of_calls_that_are_moved) {
  using namespace std::chrono_literals;
  context_options options = going_back(1);
  options.backtrace_timeout = {};  // it would count as well
  const context ctx(shared_io(), options), early(shared_io()), late(shared_io());
  for (const context* each : {&ctx, &early, &late}) get(each->call<&add>(3, use_future));
  const life::gate door;
  const auto hang = [](const context& on, std::chrono::milliseconds timeout) {
    const call_options how{.timeout = timeout, .grace = 1ms};
    return on.with(how).call<&life::wait_for_ever>(use_future);
  };
  auto crashing = ctx.call<&crash_behind_gate>(door.path(), use_future);
  auto behind = hang(ctx, 2000ms);
  auto first = hang(early, 1500ms), last = hang(late, 3000ms);
  BOOST_CHECK_THROW(get(std::move(first)), call_timeout);
  door.open();
  BOOST_TEST((ends(std::move(crashing)) == cause::signal));
  BOOST_CHECK_THROW(get(std::move(behind)), call_timeout);
  BOOST_TEST((last.wait_for(0s) == std::future_status::timeout));
}

BOOST_AUTO_TEST_CASE(a_budget) {
  context_options options = going_back(1);
  options.max_roll_backs = 3;
  const context ctx(shared_io(), options);
  get(ctx.call<&add>(1, use_future));
  for (int i = 0; i != 3; ++i) BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_TEST(total_in(ctx) == 1);  // which begins a new row
  for (int i = 0; i != 4; ++i) BOOST_TEST((ends(crash(ctx)) == cause::signal));
  BOOST_CHECK_THROW(total_in(ctx), state_error);
  BOOST_TEST((ctx.ended().has_value()));
}

BOOST_AUTO_TEST_CASE(its_owner_ends_it) {
  const context ctx(shared_io(), going_back(1));
  get(ctx.call<&add>(1, use_future));
  ctx.kill();
  BOOST_TEST(life::eventually([&] { return ctx.state() == context_state::terminated; }));
  const context stopped(shared_io(), going_back(1));
  get(stopped.call<&add>(1, use_future));
  get(stopped.stop(use_future));
  BOOST_TEST((stopped.state() == context_state::terminated));
}

// A leak checker sees what is left.
BOOST_AUTO_TEST_CASE(one_that_outlives_its_execution_context) {
  auto io = std::make_unique<asio::io_context>();
  const context ctx(*io, going_back(1));
  life::ending sum, end;
  ctx.call<&add>(1L, [&](std::exception_ptr error, long value) {
    life::into(sum)(error, static_cast<int>(value));
  });
  ctx.call<&commit_fault>(std::string("null_dereference"), life::end_of(end));
  life::run_until_over(*io, end);
  BOOST_TEST(!sum.error);
  BOOST_TEST(end.failed());
  io.reset();
  BOOST_TEST((ctx.state() == context_state::terminated));
}

// What reads a stream gives it back to a context that is in the middle of its end.
BOOST_AUTO_TEST_CASE(a_stream_behind_a_crash_with_nothing_to_go_back_to) {
  asio::io_context io;
  context_options options = going_back(0);
  options.accept_lost_state = true;  // so what waits is made to wait again
  const context ctx(io, options);
  life::gate held;
  life::ending crash;
  std::exception_ptr why;
  bool over = false;
  const auto read = [&]() -> asio::awaitable<void> {
    const snapshot made = co_await ctx.snapshot();
    const item_range<int> items = co_await ctx.call<&numbers>();
    life::process_watch(made.pid()).send(SIGKILL);
    while (!made.ended()) co_await context(io).start();  // who waits for a start hears of ends, too
    ctx.call<&crash_behind_gate>(held.path(), life::end_of(crash));
    asio::post(io, [&] { held.open(); });  // once the next call has been sent, too
    co_await items.next();
  };
  asio::co_spawn(io, read, [&](std::exception_ptr error) {
    why = error;
    over = true;
  });
  life::run_until(io, [&] { return over && crash.over; });
  BOOST_TEST(crash.failed());
  BOOST_TEST(static_cast<bool>(why));
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_be_copied_any_more) {
  const context ctx(shared_io(), going_back(1));
  get(ctx.call<&add>(1, use_future));
  get(ctx.call<&snapshots::start_thread>(use_future));
  get(ctx.call<&add>(1, use_future));
  BOOST_TEST((ends(crash(ctx)) == cause::signal));
  const std::string why = message_of<state_rolled_back>([&] { total_in(ctx); });
  BOOST_TEST(why.find("1 other thread") != std::string::npos, why);
  BOOST_TEST(total_in(ctx) == 1);
}

// What is acknowledged and not reported as lost is there.
BOOST_AUTO_TEST_CASE(the_sum_is_always_right) {
  for (const std::uint32_t after : {1u, 5u}) {
    const int steps = after == 1 ? repetitions(10'000, 600) : repetitions(90'000, 3000);
    events told;
    context_options options = going_back(after, &told);
    options.max_roll_backs = 1000000;
    options.backtrace_timeout = {};  // most of what a crash takes
    const context ctx(shared_io(), options);
    glovebox::test::dice dice(after);
    std::vector<long> since;  // acknowledged, the latest last
    long sum = 0;
    std::size_t seen = 0;
    const auto settle = [&] {
      for (const auto all = told.seen(); seen != all.size(); ++seen) {
        BOOST_TEST_REQUIRE(all[seen].lost <= since.size());
        for (std::uint64_t i = 0; i != all[seen].lost; ++i) {
          sum -= since.back();
          since.pop_back();
        }
      }
    };
    for (int i = 0; i != steps; ++i) {
      try {
        if (dice.one_in(after == 1 ? 8 : 50)) {
          ends(crash(ctx));
        } else {
          const auto n = static_cast<long>(dice.below(100));
          const long now = get(ctx.call<&add>(n, use_future));
          settle();
          sum += n;
          since.push_back(n);
          BOOST_TEST_REQUIRE(now == sum);
        }
      } catch (const state_rolled_back&) {
        settle();
      }
    }
    try {
      total_in(ctx);
    } catch (const state_rolled_back&) {
    }
    settle();
    BOOST_TEST(total_in(ctx) == sum);
  }
}

BOOST_AUTO_TEST_CASE(many_crashes_leave_nothing_behind) {
  const int crashes = repetitions(1000, 60), count = repetitions(1000, 300);
  context_options options = going_back(1);
  options.max_roll_backs = 1000000;
  const context ctx(shared_io(), options);
  std::vector<remote<counted>> objects;
  for (int i = 0; i != count; ++i) objects.push_back(get(ctx.make<counted>(i, use_future)));
  const pid_t server = get(ctx.call<&life::parent_pid>(use_future));
  ends(crash(ctx));
  get(ctx.call<&add>(0, use_future));
  const std::size_t processes = life::children_of(server).size();
  const std::size_t descriptors = life::open_descriptors();
  const auto crash_often = [&] {
    for (int i = 0; i != crashes / 2; ++i) BOOST_TEST_REQUIRE((ends(crash(ctx)) == cause::signal));
    get(ctx.call<&add>(0, use_future));  // the next life is there
    return std::array{life::resident_memory(::getpid()), life::resident_memory(ctx.pid())};
  };
  const auto half_way = crash_often(), end = crash_often();
  if (!under_sanitizer) {  // whose own memory grows
    BOOST_TEST(end[0] <= half_way[0] + 2);
    BOOST_TEST(end[1] <= half_way[1] + 2);
  }
  for (int i = 0; i != count; ++i)
    BOOST_TEST(get(objects[static_cast<std::size_t>(i)].call<&counted::value>(use_future)) == i);
  get(ctx.call<&add>(0, use_future));
  BOOST_TEST(life::eventually([&] { return life::children_of(server).size() <= processes + 1; }));
  BOOST_TEST(life::eventually([&] { return life::open_descriptors() <= descriptors + 8; }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
