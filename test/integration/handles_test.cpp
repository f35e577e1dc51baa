// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"
#include "unit/codec_samples.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(handles_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

struct item {
  explicit item(int number = 0) : n(number) {}
  virtual ~item() = default;
  virtual std::string kind() const { return "item"; }
  int n;
};
struct special_item : item {
  using item::item;
  std::string kind() const override { return "special"; }
};
struct shelf {
  void put(std::shared_ptr<item> given) { held = std::move(given); }
  bool is_held(const item& which) const { return held.get() == &which; }
  int read(const item& which) const { return which.n; }
  int read_pointer(const item* which) const { return which->n; }
  int read_shared(const std::shared_ptr<const item>& which) const { return which->n; }
  int change(item& which, int by) const { return which.n += by; }
  int change_pointer(item* which, int by) const { return which->n += by; }
  int change_copy(item which) const { return ++which.n; }
  int consume(item&& which) const { return std::exchange(which.n, -1); }
  std::shared_ptr<item> held;
};

/// The codec_error's message of a call that must not be sent.
template <class Future>
std::string refused(Future call) {
  try {
    get(std::move(call));
  } catch (const codec_error& error) {
    return error.what();
  }
  return "no error";
}
template <class Future>
std::string state_error_of(Future call) {
  try {
    get(std::move(call));
  } catch (const state_error& error) {
    BOOST_TEST((error.code() == condition::disconnected));
    return error.what();
  }
  return "no error";
}

struct with_shelf : one_child {
  remote<shelf> s = get(ctx.make<shelf>(use_future));
  remote<item> i = get(ctx.make<item>(5, use_future));
};

BOOST_FIXTURE_TEST_SUITE(remotes_as_arguments, with_shelf)

BOOST_AUTO_TEST_CASE(row_17_the_object_itself) {
  BOOST_TEST(get(s.call<&shelf::read>(i, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::read_pointer>(i, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::read_shared>(i, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::change>(i, 2, use_future)) == 7);
  BOOST_TEST(get(s.call<&shelf::change_pointer>(i, 2, use_future)) == 9);
  BOOST_TEST(get(i.call<&item::n>(use_future)) == 9);
  get(s.call<&shelf::put>(i, use_future));
  BOOST_TEST(get(s.call<&shelf::is_held>(i, use_future)));
  BOOST_TEST((get(s.call([](shelf& from) { return from.held; }, use_future)) == i));
}

BOOST_AUTO_TEST_CASE(row_17_by_value_and_by_move) {
  BOOST_TEST(get(s.call<&shelf::change_copy>(i, use_future)) == 6);
  BOOST_TEST(get(i.call<&item::n>(use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::consume>(i, use_future)) == 5);
  BOOST_TEST(get(i.call<&item::n>(use_future)) == -1);
}

BOOST_AUTO_TEST_CASE(row_17_derived_for_base) {
  const remote<special_item> special = get(ctx.make<special_item>(3, use_future));
  BOOST_TEST(get(s.call<&shelf::read>(special, use_future)) == 3);
  BOOST_TEST(get(s.call<&shelf::read_pointer>(special, use_future)) == 3);
  BOOST_TEST(get(s.call<&shelf::read_shared>(special, use_future)) == 3);
  get(s.call<&shelf::put>(special, use_future));
  BOOST_TEST(get(s.call([](shelf& from) { return from.held->kind(); }, use_future)) == "special");
}

BOOST_AUTO_TEST_CASE(row_17_read_only_remotes) {
  const remote<const item> read = i;
  BOOST_TEST(get(s.call<&shelf::read>(read, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::read_pointer>(read, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::read_shared>(read, use_future)) == 5);
  BOOST_TEST(get(s.call<&shelf::change_copy>(read, use_future)) == 6);
  BOOST_TEST(get(read.call<&item::kind>(use_future)) == "item");
}

BOOST_AUTO_TEST_CASE(row_17_described_objects_are_not_copied_on_the_way) {
  // A class may travel by value, and still live in the child.
  const remote<settings> object = get(ctx.make<settings>(use_future));
  const auto rename = [](settings& which, const std::string& name) { which.name = name; };
  get(ctx.call(rename, object, "renamed", use_future));
  BOOST_TEST(get(object.call<&settings::name>(use_future)) == "renamed");
  const auto by_copy = [](settings which) { return which.name; };
  BOOST_TEST(get(ctx.call(by_copy, object, use_future)) == "renamed");
  settings local;
  local.name = "local";
  BOOST_TEST(get(ctx.call(by_copy, local, use_future)) == "local");
}

BOOST_AUTO_TEST_CASE(row_17_another_context) {
  const context other(shared_io());
  const remote<item> foreign = get(other.make<item>(1, use_future));
  get(ctx.start(use_future));
  const std::string text = refused(s.call<&shelf::read>(foreign, use_future));
  BOOST_TEST(text.starts_with("args[1]: "), text);
  BOOST_TEST(text.find("child " + std::to_string(ctx.pid())) != std::string::npos, text);
  BOOST_TEST(text.find("child " + std::to_string(other.pid())) != std::string::npos, text);
  BOOST_TEST(refused(ctx.call<&item::kind>(foreign, use_future)).starts_with("args[0]: "));
  BOOST_TEST(refused(s.call<&shelf::read>(remote<item>(), use_future)) ==
             "args[1]: an empty remote");
  // Both go on.
  BOOST_TEST(get(s.call<&shelf::read>(i, use_future)) == 5);
  BOOST_TEST(get(foreign.call<&item::n>(use_future)) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// ---- what C libraries hand out

BOOST_FIXTURE_TEST_SUITE(opaque_pointers, one_child)

BOOST_AUTO_TEST_CASE(row_21_files_of_the_c_library) {
  const temporary_directory place;
  const std::string path = place.file("text");
  const remote<FILE> out = get(ctx.call<&::fopen>(path, "w", use_future));
  BOOST_REQUIRE(out);
  BOOST_TEST(get(ctx.call<&::fputs>("written there\n", out, use_future)) >= 0);
  BOOST_TEST(get(ctx.call<&::fclose>(out, use_future)) == 0);

  const remote<FILE> in = get(ctx.call<&::fopen>(path, "r", use_future));
  BOOST_REQUIRE(in);
  const auto line = [](FILE* from) {
    char text[100];
    return std::string(std::fgets(text, sizeof text, from) ? text : "nothing");
  };
  BOOST_TEST(get(ctx.call(line, in, use_future)) == "written there\n");
  BOOST_TEST(get(in.call<&::fclose>(use_future)) == 0);
  BOOST_TEST(!get(ctx.call<&::fopen>(place.file("missing"), "r", use_future)));
}

BOOST_AUTO_TEST_CASE(row_21_pointers_to_anything) {
  const remote<void> memory = get(ctx.call<&::malloc>(100, use_future));
  BOOST_REQUIRE(memory);
  get(ctx.call([](void* to) { std::memset(to, 'x', 99); }, memory, use_future));
  const auto count = [](const void* from) {
    return std::strspn(static_cast<const char*>(from), "x") >= 99;
  };
  get(ctx.call([](void* to) { static_cast<char*>(to)[99] = '\0'; }, memory, use_future));
  BOOST_TEST(get(ctx.call(count, memory, use_future)));
  get(ctx.call<&::free>(memory, use_future));
}

BOOST_AUTO_TEST_SUITE_END()

// ---- handles that lead nowhere

BOOST_FIXTURE_TEST_SUITE(handles_without_a_child, with_shelf)

BOOST_AUTO_TEST_CASE(row_20_after_a_crash) {
  remote<item> lost = i;
  BOOST_CHECK_THROW(get(ctx.call([] { std::abort(); }, use_future)), process_terminated);
  BOOST_TEST(state_error_of(ctx.call([] { return 1; }, use_future)).find("has terminated") !=
             std::string::npos);
  BOOST_TEST(state_error_of(i.call<&item::n>(use_future)).find("has terminated") !=
             std::string::npos);
  BOOST_TEST(state_error_of(s.call<&shelf::read>(i, use_future)) != "no error");
  lost = {};  // nothing happens
  BOOST_TEST((ctx.state() == context_state::terminated));
  BOOST_REQUIRE(ctx.ended());
  BOOST_TEST((ctx.ended()->cause == cause::signal));
}

BOOST_AUTO_TEST_CASE(row_20_after_a_crash_nobody_was_calling) {
  get(ctx.call([](int) {}, 1, use_future));
  ctx.kill();
  try {
    get(ctx.call([] { return 1; }, use_future));
    BOOST_ERROR("a killed child answered");
  } catch (const state_error&) {
  }
}

BOOST_AUTO_TEST_CASE(row_20_never_started_or_moved_from) {
  const context never;
  BOOST_TEST((never.state() == context_state::not_started));
  BOOST_TEST(state_error_of(never.call([] { return 1; }, use_future)).find("empty") !=
             std::string::npos);
  BOOST_TEST(state_error_of(never.make<item>(use_future)) != "no error");
  BOOST_TEST(state_error_of(never.start(use_future)) != "no error");
  BOOST_TEST(state_error_of(never.stop(use_future)) != "no error");
  never.kill();

  context moved(std::move(ctx));
  BOOST_TEST((ctx.state() == context_state::not_started));
  BOOST_TEST(state_error_of(ctx.call([] { return 1; }, use_future)) != "no error");
  BOOST_TEST(get(moved.call([] { return 1; }, use_future)) == 1);

  const remote<item> empty;
  BOOST_TEST(state_error_of(empty.call<&item::n>(use_future)) != "no error");
  BOOST_TEST(state_error_of(empty.call([](item& of) { return of.n; }, use_future)) != "no error");
  const remote<item> moved_item(std::move(i));
  BOOST_TEST(!i);
  BOOST_TEST(state_error_of(i.call<&item::n>(use_future)) != "no error");
  BOOST_TEST(get(moved_item.call<&item::n>(use_future)) == 5);
}

BOOST_AUTO_TEST_CASE(row_20_after_stop) {
  get(ctx.stop(use_future));
  BOOST_TEST((ctx.state() == context_state::terminated));
  BOOST_TEST(state_error_of(i.call<&item::n>(use_future)) != "no error");
  get(ctx.stop(use_future));
}

BOOST_AUTO_TEST_CASE(row_20_after_the_last_copy_of_the_context) {
  context copy = ctx;
  ctx = {};
  BOOST_TEST(get(i.call<&item::n>(use_future)) == 5);
  copy = {};
  BOOST_TEST(state_error_of(i.call<&item::n>(use_future)) != "no error");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
