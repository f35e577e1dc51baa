// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Copies of children: contexts that go back, further contexts, and what must not be copied.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"
#include "support/faults.hpp"

#include <glovebox/this_child.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_test)

using namespace snapshots;

// ---- in the child

std::atomic<int> things_alive{0};
class thing {
 public:
  explicit thing(int value) : value_(value) { ++things_alive; }
  thing(const thing&) = delete;
  thing& operator=(const thing&) = delete;
  ~thing() { --things_alive; }
  int value() const { return value_; }
  void set(int value) { value_ = value; }

 private:
  int value_;
};
std::shared_ptr<thing> shared_thing(int value) {
  static const auto only = std::make_shared<thing>(value);
  return only;
}
int count_things() {
  return things_alive;
}

std::vector<std::string> hook_log;
void set_hooks(const std::string& name) {
  const auto say = [name](const char* what) { hook_log.push_back(name + what); };
  this_child::on_copy({.before = [say] { say(" before"); },
                       .in_original = [say] { say(" original"); },
                       .in_copy = [say] { say(" copy"); }});
}
void set_refusing_hook() {
  this_child::on_copy({.before = [] { throw std::runtime_error("a camera is open"); },
                       .in_original = {},
                       .in_copy = {}});
}
void set_crashing_hook() {
  this_child::on_copy(
      {.before = {}, .in_original = {}, .in_copy = [] { commit_fault("null_dereference"); }});
}
std::vector<std::string> hooks_run() {
  return hook_log;
}

std::function<int(int)> kept_function;
void keep(std::function<int(int)> given) {
  kept_function = std::move(given);
}
int call_kept(int n) {
  return kept_function(n);
}
void print(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

// ---- in the parent

BOOST_AUTO_TEST_SUITE(copies)

BOOST_DATA_TEST_CASE(a_context_goes_back, (std::array{false, true}), spawned) {
  context_options options;
  options.method = spawned ? start_method::spawn : start_method::forkserver;
  const context ctx(shared_io(), options);
  BOOST_TEST(add_in(ctx, 5) == 5);
  get(ctx.start(use_future));  // a reply may be here before the child's number
  const pid_t first = ctx.pid();
  const snapshot at_five = snapshot_of(ctx);
  BOOST_TEST(at_five.pid() != first);
  BOOST_TEST(add_in(ctx, 1) == 6);
  BOOST_TEST(ctx.pid() == first);
  for (int i = 1; i != 4; ++i) {
    go_back(ctx, at_five);
    BOOST_TEST((ctx.state() == context_state::ready));
    BOOST_TEST(add_in(ctx, i) == 5 + i);
    BOOST_TEST(add_in(ctx, i) == 5 + 2 * i);
  }
  BOOST_TEST(ctx.pid() != first);
  BOOST_TEST(!ctx.ended().has_value());
}

BOOST_AUTO_TEST_CASE(a_crash_is_undone) {
  const context ctx(shared_io());
  add_in(ctx, 7);
  const snapshot before = snapshot_of(ctx);
  for (int i = 0; i != 3; ++i) {
    BOOST_TEST((crash(ctx) == cause::signal));
    BOOST_TEST((ctx.state() == context_state::terminated));
    BOOST_CHECK_THROW(add_in(ctx, 1), state_error);
    go_back(ctx, before);
    BOOST_TEST(add_in(ctx, 1) == 8);
  }
}

BOOST_AUTO_TEST_CASE(handles_that_go_at_once) {
  const context ctx(shared_io());
  add_in(ctx, 2);
  for (int i = 0; i != 20; ++i) {
    const context other = snapshot_of(ctx).revive();
    BOOST_TEST(add_in(other, 1) == 3);
    go_back(ctx, snapshot_of(ctx));
    BOOST_TEST(add_in(ctx, 0) == 2);
  }
}

BOOST_AUTO_TEST_CASE(generations) {
  const context ctx(shared_io());
  std::vector<snapshot> all;
  for (int i = 0; i != 5; ++i) {
    add_in(ctx, 1);
    all.push_back(snapshot_of(ctx));
  }
  for (const int back : {3, 0, 4}) {
    go_back(ctx, all[static_cast<std::size_t>(back)]);
    BOOST_TEST(add_in(ctx, 0) == back + 1);
  }
  // And from a copy of a copy.
  const snapshot later = snapshot_of(ctx);
  add_in(ctx, 10);
  go_back(ctx, later);
  BOOST_TEST(add_in(ctx, 0) == 5);
}

BOOST_AUTO_TEST_CASE(too_many_generations) {
  const context ctx(shared_io());
  std::vector<snapshot> all;
  const std::string why = message_of<state_error>([&] {
    for (int i = 0; i != 20; ++i) {
      add_in(ctx, 1);
      all.push_back(snapshot_of(ctx));
      go_back(ctx, all.back());
    }
  });
  BOOST_TEST(why.find("16 snapshots") != std::string::npos, why);
  BOOST_TEST(all.size() == 16u);
  BOOST_TEST(add_in(ctx, 0) == 17);
  all.erase(all.begin());
  BOOST_TEST(life::eventually([&] {
    try {
      snapshot_of(ctx);
      return true;
    } catch (const state_error&) {
      return false;
    }
  }));
  // The oldest one that is left, through all the others.
  go_back(ctx, all.front());
  BOOST_TEST(add_in(ctx, 0) == 2);
}

BOOST_AUTO_TEST_CASE(memory) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const snapshot made = snapshot_of(ctx);
  const auto taken = made.memory();
  BOOST_TEST_REQUIRE(taken.has_value());
  BOOST_TEST(taken->shared > 0u);
  BOOST_TEST(!snapshot().memory().has_value());
}

BOOST_AUTO_TEST_CASE(further_contexts) {
  std::optional<context> ctx(std::in_place, shared_io());
  add_in(*ctx, 3);
  const snapshot three = snapshot_of(*ctx);
  const context one = three.revive(), two = three.revive();
  BOOST_TEST(add_in(one, 1) == 4);
  BOOST_TEST(add_in(two, 10) == 13);
  BOOST_TEST(add_in(*ctx, 100) == 103);
  ctx.reset();
  BOOST_TEST(add_in(one, 1) == 5);
  const context after = three.revive();
  BOOST_TEST(add_in(after, 1) == 4);
  // Each has snapshots of its own.
  const snapshot five = snapshot_of(one);
  add_in(one, 1);
  go_back(one, five);
  BOOST_TEST(add_in(one, 0) == 5);
  BOOST_CHECK_THROW(go_back(one, three), state_error);
}

BOOST_AUTO_TEST_CASE(objects) {
  const context ctx(shared_io());
  const auto early = get(ctx.make<thing>(1, use_future));
  std::optional shared = get(ctx.call<&shared_thing>(2, use_future));
  const snapshot before = snapshot_of(ctx);
  get(early.call<&thing::set>(10, use_future));
  const auto late = get(ctx.make<thing>(3, use_future));
  BOOST_TEST(get(late.call<&thing::value>(use_future)) == 3);
  go_back(ctx, before);
  BOOST_TEST(get(early.call<&thing::value>(use_future)) == 1);
  BOOST_TEST(get(shared->call<&thing::value>(use_future)) == 2);
  BOOST_TEST(message_of<std::logic_error>([&] {
               get(late.call<&thing::value>(use_future));
             }).find("does not exist (any more)") != std::string::npos);
  // Its handle is no other object's.
  const auto other = get(ctx.make<thing>(4, use_future));
  BOOST_TEST(get(other.call<&thing::value>(use_future)) == 4);
  BOOST_CHECK_THROW(get(late.call<&thing::value>(use_future)), std::logic_error);
  // As an argument, whichever life it comes from.
  BOOST_TEST(get(shared->call<&thing::value>(use_future)) == 2);
}

BOOST_AUTO_TEST_CASE(references_follow) {
  const context ctx(shared_io());
  std::optional gone = get(ctx.make<thing>(1, use_future));
  std::optional kept = get(ctx.make<thing>(2, use_future));
  std::optional again = get(ctx.call<&shared_thing>(3, use_future));
  const snapshot before = snapshot_of(ctx);
  BOOST_TEST(get(ctx.call<&count_things>(use_future)) == 3);
  gone.reset();  // the copy still has it
  // Twice what the snapshot knows once.
  std::optional second = get(ctx.call<&shared_thing>(3, use_future));
  again.reset();
  BOOST_TEST(get(ctx.call<&count_things>(use_future)) == 2);
  for (int i = 0; i != 2; ++i) {
    go_back(ctx, before);
    BOOST_TEST(get(ctx.call<&count_things>(use_future)) == 2);
    BOOST_TEST(get(kept->call<&thing::value>(use_future)) == 2);
    BOOST_TEST(get(second->call<&thing::value>(use_future)) == 3);
  }
  kept.reset();
  second.reset();
  BOOST_TEST(get(ctx.call<&count_things>(use_future)) == 1);  // the static one
  go_back(ctx, before);
  BOOST_TEST(get(ctx.call<&count_things>(use_future)) == 1);
  BOOST_TEST(ctx.stats().objects == 0u);
}

BOOST_AUTO_TEST_CASE(kept_callbacks) {
  const context ctx(shared_io());
  int factor = 2;
  get(ctx.call<&keep>(kept([&factor](int n) { return factor * n; }), use_future));
  const snapshot before = snapshot_of(ctx);
  BOOST_TEST(get(ctx.call<&call_kept>(4, use_future)) == 8);
  get(ctx.call<&keep>(kept([](int n) { return n; }), use_future));
  BOOST_TEST(get(ctx.call<&call_kept>(4, use_future)) == 4);
  go_back(ctx, before);
  factor = 3;
  BOOST_TEST(get(ctx.call<&call_kept>(4, use_future)) == 12);
  crash(ctx);
  go_back(ctx, before);
  BOOST_TEST(get(ctx.call<&call_kept>(5, use_future)) == 15);
}

BOOST_AUTO_TEST_CASE(calls_in_flight) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  const snapshot before = snapshot_of(ctx);
  const gate held;
  auto runs = ctx.call<&life::pass_gate>(held.path(), 1, use_future);
  held.wait_for_one();
  std::vector<std::future<int>> waiting;
  for (int i = 0; i != 50; ++i) waiting.push_back(ctx.call<&add>(1, use_future));
  auto back = ctx.roll_back(before, use_future);
  for (int i = 0; i != 50; ++i) waiting.push_back(ctx.call<&add>(1, use_future));
  get(std::move(back));
  try {
    get(std::move(runs));
    BOOST_ERROR("the call that ran went on");
  } catch (const process_terminated& why) {
    BOOST_TEST((why.info().cause == cause::killed_by_owner), why.info().report());
  }
  for (int i = 0; i != 100; ++i)
    BOOST_TEST(get(std::move(waiting[static_cast<std::size_t>(i)])) == 2 + i);
}

BOOST_AUTO_TEST_CASE(stopping_works_on_both_sides) {
  const context ctx(shared_io());
  const call_options impatient{.timeout = life::soon, .grace = hard_limit};
  const auto overruns = [&] {
    try {
      get(ctx.with(impatient).call<&wait_for_stop>(use_future));
    } catch (const call_timeout&) {
      return true;
    }
    return false;
  };
  BOOST_TEST(overruns());  // which makes a thread in the child
  const snapshot before = snapshot_of(ctx);
  BOOST_TEST(overruns());
  go_back(ctx, before);
  BOOST_TEST(overruns());
}

BOOST_AUTO_TEST_CASE(each_copy_prints_to_its_own_context) {
  context_options options;
  options.standard_error = output::capture;
  const context ctx(shared_io(), options);
  get(ctx.call<&print>("first", use_future));
  const snapshot before = snapshot_of(ctx);
  const context other = before.revive();
  get(other.call<&print>("other", use_future));
  go_back(ctx, before);
  get(ctx.call<&print>("second", use_future));
  try {
    get(ctx.call<&commit_fault>(std::string("abort"), use_future));
  } catch (const process_terminated& why) {
    BOOST_TEST(why.info().stderr_tail.size() >= 1u);
    BOOST_TEST(why.info().stderr_tail.front() == "second");
    BOOST_TEST(why.info().signal_number == SIGABRT);
  }
}

BOOST_AUTO_TEST_CASE(hooks) {
  const context ctx(shared_io());
  get(ctx.call<&set_hooks>("a", use_future));
  get(ctx.call<&set_hooks>("b", use_future));
  const snapshot before = snapshot_of(ctx);
  using lines = std::vector<std::string>;
  const lines original{"b before", "a before", "a original", "b original"};
  BOOST_TEST(get(ctx.call<&hooks_run>(use_future)) == original);
  go_back(ctx, before);
  const lines copy{"b before", "a before", "a copy", "b copy",
                   "b before", "a before", "a copy", "b copy"};
  BOOST_TEST(get(ctx.call<&hooks_run>(use_future)) == copy);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied) {
  const context ctx(shared_io());
  get(ctx.call<&start_thread>(use_future));
  const std::string threads = message_of<std::runtime_error>([&] { snapshot_of(ctx); });
  BOOST_TEST(threads.find("1 other thread, 'companion'") != std::string::npos, threads);
  get(ctx.call<&end_thread>(use_future));
  add_in(ctx, 1);
  const snapshot works = snapshot_of(ctx);
  get(ctx.call<&set_refusing_hook>(use_future));
  const std::string held = message_of<std::runtime_error>([&] { snapshot_of(ctx); });
  BOOST_TEST(held.find("a camera is open") != std::string::npos, held);
  BOOST_TEST(add_in(ctx, 1) == 2);
  go_back(ctx, works);
  BOOST_TEST(add_in(ctx, 1) == 2);
}

// A copy is ready when its hooks have run.
BOOST_AUTO_TEST_CASE(a_hook_that_crashes) {
  const context ctx(shared_io());
  add_in(ctx, 1);
  get(ctx.call<&set_crashing_hook>(use_future));
  BOOST_CHECK_THROW(snapshot_of(ctx), process_terminated);
  BOOST_TEST(add_in(ctx, 1) == 2);
}

generator<int> numbers(int end) {
  for (int i = 0; i != end; ++i) co_yield i;
}

BOOST_AUTO_TEST_CASE(streams) {
  const context ctx(shared_io());
  {
    auto items = get(ctx.call<&numbers>(1'000'000, use_future));
    BOOST_TEST(get(items.next(use_future)).value() == 0);
    const std::string why = message_of<std::runtime_error>([&] { snapshot_of(ctx); });
    BOOST_TEST(why.find("1 stream is being read") != std::string::npos, why);
  }
  // Its end is on its way to the child.
  BOOST_TEST(add_in(ctx, 1) == 1);
  auto few = get(ctx.call<&numbers>(10, use_future));
  const snapshot before_the_first = snapshot_of(ctx);
  while (get(few.next(use_future))) {
  }
  go_back(ctx, before_the_first);
  BOOST_TEST(add_in(ctx, 1) == 2);
}

BOOST_AUTO_TEST_CASE(what_is_no_snapshot) {
  const context ctx(shared_io()), other(shared_io());
  BOOST_CHECK_THROW(go_back(ctx, snapshot()), state_error);
  const snapshot foreign = snapshot_of(other);
  BOOST_CHECK_THROW(go_back(ctx, foreign), state_error);
  add_in(ctx, 1);
  BOOST_TEST(add_in(ctx, 1) == 2);
  BOOST_CHECK_THROW(add_in(snapshot().revive(), 1), state_error);
  BOOST_CHECK_THROW(snapshot_of(context()), state_error);
  crash(ctx);
  BOOST_CHECK_THROW(snapshot_of(ctx), state_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
