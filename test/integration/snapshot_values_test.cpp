// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What travels between parent and child, in copies: shared memory, descriptors, objects of modules.
#include "integration/call_fixture.hpp"
#include "integration/life.hpp"
#include "integration/snapshot_fixture.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>
#include <glovebox/shared_array.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <cerrno>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(snapshot_values_test)

using namespace snapshots;
using array = shared_array<std::uint32_t>;

// ---- in the child

std::uint32_t sum(const array& of) {
  return std::accumulate(of.begin(), of.end(), 0u);
}
std::optional<array> kept_array;
void keep_array(const array& given) {
  kept_array = given;
}
std::uint32_t sum_of_kept() {
  return sum(*kept_array);
}
void fill_kept(std::uint32_t with) {
  for (std::uint32_t& each : kept_array->writable()) each = with;
}
array same(array given) {
  return given;
}
array make_array(std::size_t size, std::uint32_t value) {
  array made(size);
  for (std::uint32_t& each : made.writable()) each = value;
  return made;
}

file_descriptor held;
void hold(file_descriptor given) {
  held = std::move(given);
}
std::string read_some(std::size_t size) {
  std::string text(size, '\0');
  const ssize_t count = ::read(held.get(), text.data(), size);
  if (count < 0) throw std::system_error(errno, std::generic_category(), "read");
  text.resize(static_cast<std::size_t>(count));
  return text;
}
file_descriptor give() {
  return file_descriptor(::fcntl(held.get(), F_DUPFD_CLOEXEC, 0));
}

class tally {
 public:
  int add(int n) { return sum_ += n; }
  int sum() const { return sum_; }
  std::string text() const { return std::to_string(sum_); }

 private:
  int sum_ = 0;
};

GLOVEBOX_MODULE(tallies, m) {
  m.class_<tally>("Tally").constructor<>().def("add", &tally::add).def("sum", &tally::sum);
}

// ---- in the parent

void fill(const array& to, std::uint32_t with) {
  for (std::uint32_t& each : to.writable()) each = with;
}

template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), body, use_future));
}

struct going_back {
  context ctx{shared_io()};
};

BOOST_FIXTURE_TEST_SUITE(values, going_back)

// Shared memory is not copied: the copy has the same.
BOOST_AUTO_TEST_CASE(arrays) {
  const array data(50'000);
  fill(data, 1);
  get(ctx.call<&keep_array>(data, use_future));
  const snapshot before = snapshot_of(ctx);
  get(ctx.call<&fill_kept>(2u, use_future));
  go_back(ctx, before);
  BOOST_TEST(get(ctx.call<&sum_of_kept>(use_future)) == 100'000u);
  fill(data, 3);
  BOOST_TEST(get(ctx.call<&sum_of_kept>(use_future)) == 150'000u);
  BOOST_TEST(get(ctx.call<&sum>(data, use_future)) == 150'000u);
  BOOST_TEST(get(ctx.call<&same>(data, use_future)).same_as(data));
  const context other = before.revive();
  BOOST_TEST(get(other.call<&sum_of_kept>(use_future)) == 150'000u);
  BOOST_TEST(get(other.call<&sum>(data, use_future)) == 150'000u);
}

// The life that goes on has not seen what was sent to the one that ended, and the other way round.
BOOST_AUTO_TEST_CASE(arrays_of_another_life) {
  const snapshot before = snapshot_of(ctx);
  std::vector<array> sent;
  for (std::uint32_t i = 1; i != 6; ++i) {
    sent.emplace_back(20'000);
    fill(sent.back(), i);
    BOOST_TEST(get(ctx.call<&sum>(sent.back(), use_future)) == 20'000 * i);
  }
  const array made = get(ctx.call<&make_array>(std::size_t{30'000}, 7u, use_future));
  go_back(ctx, before);
  for (std::uint32_t i = 1; i != 6; ++i) {
    BOOST_TEST(get(ctx.call<&sum>(sent[i - 1], use_future)) == 20'000 * i);
    BOOST_TEST(get(ctx.call<&same>(sent[i - 1], use_future)).same_as(sent[i - 1]));
  }
  BOOST_TEST(get(ctx.call<&sum>(made, use_future)) == 210'000u);
  // What both make is told apart.
  const array again = get(ctx.call<&make_array>(std::size_t{30'000}, 8u, use_future));
  BOOST_TEST(!again.same_as(made));
  BOOST_TEST(sum(again) == 240'000u);
  BOOST_TEST(sum(made) == 210'000u);
}

BOOST_AUTO_TEST_CASE(mappings_that_are_used_again) {
  const std::size_t descriptors = life::open_descriptors();
  const snapshot before = snapshot_of(ctx);
  for (std::uint32_t i = 0; i != 40; ++i) {
    const array data(40'000, ctx);
    fill(data, i);
    BOOST_TEST(get(ctx.call<&sum>(data, use_future)) == 40'000 * i);
    if (i % 4 == 3) go_back(ctx, before);
  }
  BOOST_TEST(life::eventually([&] { return life::open_descriptors() <= descriptors + 16; }));
}

// With its offset, which both share.
BOOST_AUTO_TEST_CASE(descriptors) {
  life::temporary_directory place;
  const std::string path = place.file("text");
  file_descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  BOOST_TEST_REQUIRE(::pwrite(file.get(), "abcdefghij", 10, 0) == 10);
  get(ctx.call<&hold>(std::move(file), use_future));
  BOOST_TEST(get(ctx.call<&read_some>(std::size_t{2}, use_future)) == "ab");
  const snapshot before = snapshot_of(ctx);
  BOOST_TEST(get(ctx.call<&read_some>(std::size_t{2}, use_future)) == "cd");
  go_back(ctx, before);
  BOOST_TEST(get(ctx.call<&read_some>(std::size_t{2}, use_future)) == "ef");
  crash(ctx);
  go_back(ctx, before);
  BOOST_TEST(get(ctx.call<&read_some>(std::size_t{2}, use_future)) == "gh");
  char left[3] = {};
  const file_descriptor back = get(ctx.call<&give>(use_future));
  BOOST_TEST_REQUIRE(::read(back.get(), left, 2) == 2);
  BOOST_TEST(std::string(left) == "ij");
}

BOOST_AUTO_TEST_CASE(objects_of_modules) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "tallies");
    const proxy early = co_await module.call("Tally");
    co_await early.call<void>("add", 5);
    const snapshot before = co_await ctx.snapshot();
    co_await early.call<void>("add", 1);
    const proxy late = co_await module.call("Tally");
    co_await ctx.roll_back(before);
    const int sum = co_await early.call<int>("sum");
    BOOST_TEST(sum == 5);
    const proxy again = co_await load_module(ctx, "tallies");
    BOOST_TEST((again == module));
    std::string refused;
    try {
      co_await late.call<int>("sum");
    } catch (const std::logic_error& why) {
      refused = why.what();
    }
    BOOST_TEST(refused.find("does not exist (any more)") != std::string::npos, refused);
    // The number of a stale one is given to no other.
    const proxy other = co_await module.call("Tally");
    BOOST_TEST(!(other == late));
    co_await other.call<void>("add", 8);
    bool stale = false;
    try {
      co_await late.call<int>("sum");
    } catch (const std::logic_error&) {
      stale = true;
    }
    BOOST_TEST(stale);
  });
}

// Each context has its own handles.
BOOST_AUTO_TEST_CASE(objects_in_further_contexts) {
  const auto object = get(ctx.make<tally>(use_future));
  get(object.call<&tally::add>(4, use_future));
  const snapshot before = snapshot_of(ctx);
  const context other = before.revive();
  get(object.call<&tally::add>(1, use_future));
  BOOST_TEST(get(object.call<&tally::sum>(use_future)) == 5);
  const auto sum_there = [](const tally& of) { return of.sum(); };
  const std::string why =
      message_of<std::exception>([&] { get(other.call(sum_there, object, use_future)); });
  BOOST_TEST(why.find("cannot be an argument") != std::string::npos, why);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
