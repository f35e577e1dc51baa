// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Arrays in memory that parent and child share.
#include "integration/call_fixture.hpp"
#include "integration/life.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>
#include <glovebox/shared_array.hpp>

#include <boost/describe.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(shared_memory_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;
using life::open_descriptors;
using array = shared_array<std::uint32_t>;

std::size_t shared_mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);)
    count += line.find("glovebox-shared") != line.npos ? 1 : 0;
  return count;
}

void fill(const array& to, std::uint32_t first) {
  const auto elements = to.writable();
  std::iota(elements.begin(), elements.end(), first);
}
bool counts_from(const array& of, std::uint32_t first) {
  for (const std::uint32_t each : of)
    if (each != first++) return false;
  return true;
}

// ---- in the child

std::uint64_t sum(const array& of) {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}
void fill_there(const array& to, std::uint32_t first) {
  fill(to, first);
}
array same(array given) {
  return given;
}
array make_there(std::size_t size, std::uint32_t first) {
  const array made(size);
  fill(made, first);
  return made;
}
std::optional<array> kept;
void keep(const array& given) {
  kept = given;
}
std::uint64_t sum_of_kept() {
  return sum(*kept);
}
void let_go() {
  kept.reset();
}
int die_with(const array& given) {
  kept = given;
  std::raise(SIGKILL);
  return 0;
}
bool writable_after_sending(std::size_t size) {
  kept = array(size);
  return !kept->immutable();
}
array send_kept() {
  return *kept;
}
bool kept_is_immutable() {
  return kept->immutable();
}
int nothing() {
  return 0;
}

GLOVEBOX_MODULE(arrays, m) {
  m.def("sum", &sum);
  m.def("fill", &fill_there);
  m.def("same", &same);
  m.def("make", &make_there);
}

struct two_arrays {
  std::string name;
  array first, second;
};
BOOST_DESCRIBE_STRUCT(two_arrays, (), (name, first, second))
std::uint64_t sum_of_both(const two_arrays& of) {
  return sum(of.first) + sum(of.second);
}

template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), body, use_future));
}

BOOST_FIXTURE_TEST_SUITE(shared_memory, one_child)

BOOST_AUTO_TEST_CASE(both_sides_see_what_the_other_writes) {
  const array data(100'000);
  BOOST_TEST(sum(data) == 0u);
  fill(data, 5);
  BOOST_TEST(get(ctx.call<&sum>(data, use_future)) == sum(data));
  get(ctx.call<&fill_there>(data, 77, use_future));
  BOOST_TEST(counts_from(data, 77));
  // While the child has it, too: it is the same memory.
  get(ctx.call<&keep>(data, use_future));
  fill(data, 3);
  BOOST_TEST(get(ctx.call<&sum_of_kept>(use_future)) == sum(data));
}

BOOST_AUTO_TEST_CASE(what_comes_back_is_the_same_array) {
  const array data(1000, ctx);
  fill(data, 9);
  const array back = get(ctx.call<&same>(data, use_future));
  BOOST_TEST(back.same_as(data));
  BOOST_TEST(back.data() == data.data());
  BOOST_TEST(back.size() == data.size());
  // Also one that nobody here holds but the call.
  const array other = get(ctx.call<&same>(array(10), use_future));
  BOOST_TEST(other.size() == 10u);
  BOOST_TEST(!other.immutable());
  BOOST_TEST(get(ctx.call<&same>(array(), use_future)).empty());
}

BOOST_AUTO_TEST_CASE(inside_of_a_class) {
  const two_arrays both{"two", array(100), array(50)};
  fill(both.first, 1);
  fill(both.second, 1000);
  BOOST_TEST(get(ctx.call<&sum_of_both>(both, use_future)) == sum(both.first) + sum(both.second));
}

BOOST_AUTO_TEST_CASE(one_that_the_child_makes_is_immutable) {
  const array made = get(ctx.call<&make_there>(std::size_t{70'000}, 4u, use_future));
  BOOST_TEST(made.size() == 70'000u);
  BOOST_TEST(counts_from(made, 4));
  BOOST_TEST(made.immutable());
  BOOST_CHECK_THROW(made.writable(), std::logic_error);
  // Which other children may have as well.
  const context other(shared_io());
  BOOST_TEST(get(other.call<&sum>(made, use_future)) == sum(made));
  BOOST_TEST(get(other.call<&same>(made, use_future)).same_as(made));
  BOOST_CHECK_THROW(get(other.call<&fill_there>(made, 1u, use_future)), std::logic_error);
  BOOST_TEST(counts_from(made, 4));

  BOOST_TEST(get(ctx.call<&writable_after_sending>(std::size_t{10}, use_future)));
  const array sent = get(ctx.call<&send_kept>(use_future));
  BOOST_TEST(get(ctx.call<&kept_is_immutable>(use_future)));
  BOOST_TEST(get(ctx.call<&send_kept>(use_future)).same_as(sent));
}

BOOST_AUTO_TEST_CASE(in_dynamic_calls) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "arrays");
    const array data(5000, ctx);
    fill(data, 2);
    const auto total = co_await module.call<std::uint64_t>("sum", data);
    BOOST_TEST(total == sum(data));
    co_await module.call<void>("fill", data, 8);
    BOOST_TEST(counts_from(data, 8));
    const array back = co_await module.call<array>("same", data);
    BOOST_TEST(back.same_as(data));
    const array none = co_await module.call<array>("same", array());
    BOOST_TEST(none.empty());
    const array made = co_await module.call<array>("make", 100, 3);
    BOOST_TEST(counts_from(made, 3));
    BOOST_TEST(made.immutable());
  });
}

std::uint64_t ask(const std::function<array(array)>& parent) {
  return sum(parent(make_there(10, 1)));
}

BOOST_AUTO_TEST_CASE(in_callbacks) {
  const auto answer = [](const array& given) {
    const array doubled(given.size());
    const auto to = doubled.writable();
    for (std::size_t i = 0; i != to.size(); ++i) to[i] = 2 * given[i];
    return doubled;
  };
  BOOST_TEST(get(ctx.call<&ask>(answer, use_future)) == 110u);
}

BOOST_AUTO_TEST_CASE(of_256_mib) {
  const array data(std::size_t{256} * 1024 * 1024 / sizeof(std::uint32_t), ctx);
  fill(data, 0);
  BOOST_TEST(get(ctx.call<&sum>(data, use_future)) == sum(data));
}

// ---- used again

BOOST_AUTO_TEST_CASE(memory_is_used_again_for_the_same_child_only) {
  const auto used_memory = [](const context& by) {
    const array data(30'000, by);
    fill(data, 1);
    get(by.call<&sum>(data, use_future));
    return data.data();
  };
  const auto* const first = used_memory(ctx);
  BOOST_TEST(used_memory(ctx) == first);
  {
    const array mine(30'000, ctx);
    BOOST_TEST(mine.data() == first);
    const array second(30'000, ctx);  // two at the same time are two
    BOOST_TEST(second.data() != first);
  }
  used_memory(ctx);
  // Another child's, and one for nobody in particular, are new: they hold nothing but zeros.
  const context other(shared_io());
  BOOST_TEST(sum(array(30'000, other)) == 0u);
  BOOST_TEST(sum(array(30'000)) == 0u);
  // What both have seen is not used again.
  {
    const array both(40'000, ctx);
    fill(both, 7);
    get(ctx.call<&sum>(both, use_future));
    get(other.call<&sum>(both, use_future));
  }
  BOOST_TEST(sum(array(40'000, ctx)) == 0u);
  BOOST_TEST(sum(array(40'000, other)) == 0u);
}

BOOST_AUTO_TEST_CASE(what_the_child_still_holds_is_not_used_again) {
  std::uint64_t wanted = 0;
  {
    const array data(20'000, ctx);
    fill(data, 11);
    wanted = sum(data);
    get(ctx.call<&keep>(data, use_future));
  }
  const array next(20'000, ctx);
  fill(next, 5000);
  get(ctx.call<&sum>(next, use_future));
  BOOST_TEST(get(ctx.call<&sum_of_kept>(use_future)) == wanted);
  get(ctx.call<&let_go>(use_future));
}

BOOST_AUTO_TEST_CASE(what_a_cancelled_call_may_still_use_is_not_used_again) {
  const gate door;
  auto first = ctx.call<&life::pass_gate>(door.path(), 1, use_future);
  door.wait_for_one();
  asio::cancellation_signal signal;
  std::promise<void> ended;
  {
    // Sent, but not read by the child when it is cancelled.
    const array data(20'000, ctx);
    fill(data, 1);
    const auto over = [&](std::exception_ptr, std::uint64_t) { ended.set_value(); };
    ctx.call<&sum>(data, asio::bind_cancellation_slot(signal.slot(), over));
  }
  asio::post(shared_io(), [&] { signal.emit(asio::cancellation_type::terminal); });
  get(ended.get_future());
  BOOST_TEST(sum(array(20'000, ctx)) == 0u);
  door.open();
  get(std::move(first));
}

// ---- ends

BOOST_AUTO_TEST_CASE(a_child_that_dies_with_one) {
  const array data(50'000, ctx);
  fill(data, 6);
  BOOST_CHECK_THROW(get(ctx.call<&die_with>(data, use_future)), process_terminated);
  BOOST_TEST(counts_from(data, 6));
  const context other(shared_io());
  BOOST_TEST(get(other.call<&sum>(data, use_future)) == sum(data));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_after_a_thousand_rounds) {
  get(ctx.call<&nothing>(use_future));
  get(ctx.start(use_future));  // a reply may be here before the descriptor of the child itself
  const std::size_t mapped = shared_mappings();
  const std::size_t open = open_descriptors();
  std::size_t child_open = 0, child_mapped = 0;
  {
    const context other(shared_io());
    get(other.call<&nothing>(use_future));
    const std::size_t there = get(other.call<&open_descriptors>(use_future));
    for (std::uint32_t round = 0; round != 250; ++round) {
      const array recycled(1000 + round, other), fresh(5);
      fill(recycled, round);
      BOOST_TEST(get(other.call<&sum>(recycled, use_future)) == sum(recycled));
      get(other.call<&sum>(fresh, use_future));
      const array back = get(other.call<&same>(recycled, use_future));
      const array made = get(other.call<&make_there>(std::size_t{100}, round, use_future));
      BOOST_TEST(made[0] == round);
    }
    // The child keeps at most 16.
    child_open = get(other.call<&open_descriptors>(use_future)) - there;
    child_mapped = get(other.call<&shared_mappings>(use_future));
    BOOST_TEST(child_open <= 17u);
    BOOST_TEST(child_mapped <= 17u);
    BOOST_TEST(shared_mappings() - mapped <= 16u);
  }
  // What was kept for that child goes with it.
  BOOST_TEST(
      life::eventually([&] { return shared_mappings() <= mapped && open_descriptors() <= open; }));
}

BOOST_AUTO_TEST_CASE(what_was_kept_for_a_child_goes_with_it) {
  const std::size_t mapped = shared_mappings();
  const context other(shared_io());
  const array held(30'000, other);
  get(other.call<&sum>(held, use_future));
  get(other.call<&sum>(array(40'000, other), use_future));
  BOOST_TEST(shared_mappings() == mapped + 2);
  get(other.stop(use_future));
  BOOST_TEST(shared_mappings() == mapped + 1);
  fill(held, 3);  // as long as anybody has it
  BOOST_TEST(counts_from(held, 3));
}

// ---- hostile children: each sends a file where an array is expected

enum class bad { no_seals, not_write, sparse, too_small, plain_file, pipe };

file_descriptor bad_memory(bad what) {
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  constexpr off_t size = 1 << 20;
  if (what == bad::plain_file) {
    file_descriptor file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (::ftruncate(file.get(), size) != 0) std::abort();
    return file;
  }
  if (what == bad::pipe) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    ::close(ends[1]);
    return file_descriptor(ends[0]);
  }
  file_descriptor file(::memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const off_t bytes = what == bad::too_small ? 4096 : size;
  if (::ftruncate(file.get(), bytes) != 0) std::abort();
  if (what != bad::sparse && ::fallocate(file.get(), 0, 0, bytes) != 0) std::abort();
  if (what == bad::not_write) ::fcntl(file.get(), F_ADD_SEALS, seals);
  if (what == bad::sparse || what == bad::too_small)
    ::fcntl(file.get(), F_ADD_SEALS, seals | F_SEAL_WRITE);
  return file;
}

std::uint64_t take_forged(const std::function<std::uint64_t(array)>& parent, bad what) {
  // The function's type is the parent's business; what is sent is not.
  const auto& caller = *parent.target<detail::binary_caller<std::uint64_t, array>>();
  detail::callback_exchange exchange(*caller.to, detail::callback_exchange::language::binary);
  encoder out(exchange.arguments, exchange.attachments, exchange.bounds());
  out.count(1000);  // as a shared_array is written
  out.descriptor(std::make_shared<const file_descriptor>(bad_memory(what)));
  exchange.run();
  return 0;
}

BOOST_AUTO_TEST_CASE(what_is_neither_ours_nor_immutable_ends_the_child) {
  const std::size_t mapped = shared_mappings();
  for (const bad what :
       {bad::no_seals, bad::not_write, bad::sparse, bad::too_small, bad::plain_file, bad::pipe}) {
    BOOST_TEST_CONTEXT("kind " << static_cast<int>(what)) {
      const context hostile(shared_io());
      bool called = false;
      const auto reached = [&](const array& given) {
        called = true;
        return sum(given);
      };
      BOOST_CHECK_EXCEPTION(get(hostile.call<&take_forged>(reached, what, use_future)),
                            process_terminated, [](const process_terminated& why) {
                              return why.info().cause == cause::protocol_violation;
                            });
      BOOST_TEST(!called);
    }
  }
  BOOST_TEST(shared_mappings() == mapped);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
