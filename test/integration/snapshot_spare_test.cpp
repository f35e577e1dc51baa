// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The copy that is kept of a snapshot that a context goes back to again and again.
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"

#include <glovebox/this_child.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_spare_test)

using namespace snapshots;

// ---- in the child

std::atomic<int> pieces_alive{0};
struct piece {
  piece() { ++pieces_alive; }
  piece(const piece&) = delete;
  piece& operator=(const piece&) = delete;
  ~piece() { --pieces_alive; }
};
std::shared_ptr<piece> the_piece;
std::shared_ptr<piece> give_piece() {
  return the_piece ? the_piece : the_piece = std::make_shared<piece>();
}
int count_pieces() {
  the_piece.reset();
  return pieces_alive;
}
void say_when_copied() {
  this_child::on_copy(
      {.before = {}, .in_original = {}, .in_copy = [] { std::fputs("a copy\n", stderr); }});
}
void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

// ---- in the parent

/// A context with a snapshot that it has gone back to as often as makes it worth while.
struct going_back_often {
  explicit going_back_often(context_options options = {})
      : ctx(std::in_place, shared_io(), std::move(options)) {
    server = get(ctx->call<&life::parent_pid>(use_future));
    BOOST_TEST(add_in(*ctx, 5) == 5);
  }
  void begin() {
    // Those of earlier tests are gone, or going.
    BOOST_TEST_REQUIRE(life::eventually([&] { return life::children_of(server).size() == 1; }));
    before = snapshot_of(*ctx);
    for (int i = 0; i != 2; ++i) back();
  }
  void back() {
    gone.push_back(ctx->pid());
    go_back(*ctx, *before);
    BOOST_TEST(add_in(*ctx, 1) == 6);
  }
  /// The child that is neither the context's nor the snapshot itself.
  pid_t spare() const {
    pid_t found = 0;
    BOOST_TEST_REQUIRE(life::eventually([&] {
      const auto all = life::children_of(server);
      for (const pid_t each : all)
        if (each != ctx->pid() && each != before->pid()) found = each;
      return all.size() == 3 &&
             std::find_first_of(all.begin(), all.end(), gone.begin(), gone.end()) == all.end();
    }));
    return found;
  }

  std::optional<context> ctx;
  std::optional<snapshot> before;
  pid_t server = 0;
  std::vector<pid_t> gone;  // the children of the lives before, or going
};

BOOST_AUTO_TEST_CASE(the_next_life_goes_on_in_it) {
  going_back_often its;
  its.begin();
  for (int i = 0; i != 3; ++i) {
    const pid_t spare = its.spare();
    its.back();
    BOOST_TEST(its.ctx->pid() == spare);
  }
  const pid_t spare = its.spare();
  BOOST_TEST((crash(*its.ctx) == cause::signal));
  its.back();
  BOOST_TEST(its.ctx->pid() == spare);
}

BOOST_AUTO_TEST_CASE(nobody_hears_of_it) {
  struct {
    std::mutex lock;
    std::vector<std::string> all;
  } told;
  context_options options;
  options.on_event = [&](const context_event& event) {
    const std::lock_guard held(told.lock);
    told.all.push_back(event.what == context_event::kind::ready         ? "ready"
                       : event.what == context_event::kind::rolled_back ? "rolled back"
                                                                        : "ended");
  };
  options.on_output_line = [&](std::string_view line) {
    const std::lock_guard held(told.lock);
    told.all.emplace_back(line);
  };
  const auto count = [&](std::string_view what) {
    const std::lock_guard held(told.lock);
    return std::count(told.all.begin(), told.all.end(), what);
  };
  going_back_often its(std::move(options));
  get(its.ctx->call<&say_when_copied>(use_future));
  its.begin();
  for (int i = 0; i != 3; ++i) {
    its.spare();
    its.back();
  }
  get(its.ctx->call<&say>("the end", use_future));
  BOOST_TEST(life::eventually([&] { return count("the end") == 1; }));
  BOOST_TEST(count("a copy") == 5);
  BOOST_TEST(count("rolled back") == 5);
  BOOST_TEST(count("ready") == 6);
  its.ctx->kill();
  BOOST_TEST(life::eventually([&] { return count("ended") == 1; }));
}

BOOST_AUTO_TEST_CASE(one_that_was_killed) {
  going_back_often its;
  its.begin();
  const pid_t spare = its.spare();
  const life::process_watch process(spare);
  process.send(SIGKILL);
  BOOST_TEST(process.ends());
  try {
    its.back();
  } catch (const process_terminated&) {
    its.back();  // the context did not know yet, and went on in what was dead
  }
  BOOST_TEST(its.ctx->pid() != spare);
  its.spare();
  its.back();
}

BOOST_AUTO_TEST_CASE(references_that_were_given_back_since) {
  going_back_often its;
  std::optional<remote<piece>> held = get(its.ctx->call<&give_piece>(use_future));
  its.begin();
  BOOST_TEST(get(its.ctx->call<&count_pieces>(use_future)) == 1);
  its.spare();
  its.back();
  BOOST_TEST(get(its.ctx->call<&count_pieces>(use_future)) == 1);
  held.reset();
  for (int i = 0; i != 2; ++i) {
    const pid_t spare = its.spare();
    its.back();
    BOOST_TEST(its.ctx->pid() == spare);
    BOOST_TEST(get(its.ctx->call<&count_pieces>(use_future)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(references_that_were_taken_since) {
  going_back_often its;
  std::optional<remote<piece>> held = get(its.ctx->call<&give_piece>(use_future));
  its.begin();
  const pid_t spare = its.spare();
  std::optional<remote<piece>> again = get(its.ctx->call<&give_piece>(use_future));
  const auto late = get(its.ctx->make<piece>(use_future));
  its.back();
  BOOST_TEST(its.ctx->pid() != spare);
  BOOST_TEST(get(its.ctx->call<&count_pieces>(use_future)) == 1);
  again.reset();
  held.reset();
  BOOST_TEST(get(its.ctx->call<&count_pieces>(use_future)) == 0);
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_snapshot) {
  going_back_often its;
  its.begin();
  const life::process_watch process(its.spare());
  its.before.reset();
  BOOST_TEST(process.ends());
  BOOST_TEST(add_in(*its.ctx, 1) == 7);
}

BOOST_AUTO_TEST_CASE(owners_who_go_while_it_is_made) {
  for (int i = 0; i != 10; ++i) {
    going_back_often its;
    its.begin();
    if (i % 2 == 0) its.spare();
    its.before.reset();
    its.ctx.reset();
    BOOST_TEST(life::eventually([&] { return life::children_of(its.server).empty(); }));
  }
}

BOOST_AUTO_TEST_SUITE_END()
