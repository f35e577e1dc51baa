// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What is the same whether the child is a process or a thread: each of these cases runs with both.
#include "integration/in_process_fixture.hpp"

#include <glovebox/farm.hpp>
#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>
#include <glovebox/shared_array.hpp>
#include <glovebox/sync.hpp>
#include <glovebox/this_child.hpp>

#include <malloc.h>
#include <unistd.h>
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <boost/test/data/test_case.hpp>

namespace in_process_alike_test {

using namespace in_process_test;
using glovebox::remote;
using glovebox::shared_array;
using glovebox::test::running_io;
namespace data = boost::unit_test::data;

// ---- in the child

struct opaque {
  std::unique_ptr<int> content = std::make_unique<int>(0);
  int add(int n) { return *content += n; }
};
class odd_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::vector<int> reversed(std::vector<int>&& all) {
  return {all.rbegin(), all.rend()};
}
std::string overwrite(std::string text) {
  text.assign(text.size(), 'x');
  return text;
}
int throw_something(int which) {
  switch (which) {
    case 0:
      throw std::out_of_range("too far");
    case 1:
      throw odd_error("odd");
    case 2:
      throw std::system_error(ENOENT, std::generic_category(), "where");
    case 3:
      try {
        throw std::invalid_argument("inner");
      } catch (...) {
        std::throw_with_nested(std::runtime_error("outer"));
      }
    default:
      throw 7;
  }
}
std::string too_long(std::size_t size) {
  return std::string(size, 'x');
}
glovebox::generator<int> squares(int n) {
  for (int i = 0; i != n; ++i) co_yield i* i;
  if (n == 3) throw std::out_of_range("only three");
}
shared_array<int> add_in_place(const shared_array<int>& to, int n) {
  for (int& each : to.writable()) each += n;
  return to;
}
shared_array<int> kept_array;
shared_array<int> make_array(std::size_t size) {
  shared_array<int> made(size);
  std::iota(made.writable().begin(), made.writable().end(), 0);
  kept_array = made;
  return made;
}
int sum_of_kept() {
  const int sum = std::accumulate(kept_array.begin(), kept_array.end(), 0);
  kept_array = {};
  return sum;
}
std::function<int(int)> kept_function;
void keep(std::function<int(int)> f) {
  kept_function = std::move(f);
}
int call_kept(int n) {
  return kept_function(n);
}
void forget() {
  kept_function = nullptr;
}
int apply(const std::function<int(int)>& f, int n) {
  return f(n);
}
std::string given() {
  std::string all;
  for (const std::string& each : glovebox::this_child::arguments()) all += each + ';';
  const glovebox::file_descriptor end = glovebox::this_child::take_descriptor(0);
  if (::write(end.get(), all.data(), all.size()) < 0) all = "not written";
  return all;
}
std::string behave(const std::string& how) {
  if (how == "throw") throw std::out_of_range("too far");
  return how;
}

GLOVEBOX_MODULE(alike, m) {
  m.attr("level") = 1;
  m.def("add", [](int a, int b) { return a + b; });
  m.class_<opaque>("Opaque").constructor<>().def("add", &opaque::add);
  m.exception<odd_error>("OddError");
  m.def("odd", [] { throw odd_error("from the module"); });
}

// ---- with either

BOOST_AUTO_TEST_SUITE(in_process_alike_test)

const auto both = data::make({backend::process, backend::in_process});

struct one {
  explicit one(backend which) : ctx(io, as(which)) {}
  asio::io_context io;
  context ctx;
};

BOOST_DATA_TEST_CASE(values_are_copied, both, which) {
  one child(which);
  run(child.io, [&ctx = child.ctx]() -> asio::awaitable<void> {
    std::vector<int> all{1, 2, 3};
    const std::vector<int> back = co_await ctx.call<&reversed>(std::move(all));
    BOOST_TEST(back == (std::vector<int>{3, 2, 1}), boost::test_tools::per_element());
    const std::string text(300'000, 'o');  // its bytes travel as an attachment
    const std::string other = co_await ctx.call<&overwrite>(text);
    BOOST_TEST((other == std::string(300'000, 'x')));
    BOOST_TEST((text == std::string(300'000, 'o')));
    const remote<opaque> object = co_await ctx.make<opaque>();
    const auto three = co_await object.call<&opaque::add>(3);
    BOOST_TEST(three == 3);
    const auto seven = co_await object.call<&opaque::add>(4);
    BOOST_TEST(seven == 7);
  });
}

BOOST_DATA_TEST_CASE(errors_are_the_same, both, which) {
  one child(which);
  const auto failure_of = [&](auto&& start) {
    ending call;
    start(call);
    run_until_over(child.io, call);
    try {
      if (call.error) std::rethrow_exception(call.error);
    } catch (const glovebox::remote_exception& e) {
      return e.type_name() + ": " + e.message();
    } catch (const std::exception& e) {
      return std::string(e.what());
    }
    return std::string("nothing was thrown");
  };
  const auto thrown = [&](int n) {
    return failure_of([&](ending& to) { child.ctx.call<&throw_something>(n, into(to)); });
  };
  BOOST_TEST(thrown(0) == "std::out_of_range: too far");
  BOOST_TEST(thrown(1).find("odd_error: odd") != std::string::npos, thrown(1));
  BOOST_TEST(thrown(2) == "std::system_error: where: No such file or directory");
  BOOST_TEST(thrown(3).find("std::runtime_error>: outer") != std::string::npos, thrown(3));
  BOOST_TEST(thrown(4) == "int: 7");
  ending call;
  child.ctx.call<&throw_something>(3, into(call));
  run_until_over(child.io, call);
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(call.error), std::runtime_error, [](const auto& e) {
    const auto& remote = dynamic_cast<const glovebox::remote_exception&>(e);
    return !remote.stack().empty();
  });

  // What would not travel does not.
  context_options narrow = as(which);
  narrow.limits.message_bytes = 1000;
  child.ctx = context(child.io, narrow);
  const std::string answer =
      failure_of([&](ending& to) { child.ctx.call<&too_long>(std::size_t{2000}, end_of(to)); });
  BOOST_TEST(answer.find("message_bytes") != std::string::npos, answer);
  const std::string request = failure_of(
      [&](ending& to) { child.ctx.call<&overwrite>(std::string(2000, 'x'), end_of(to)); });
  BOOST_TEST(request.find("message_bytes") != std::string::npos, request);
}

BOOST_DATA_TEST_CASE(calls_run_in_their_order, both, which) {
  one child(which);
  const glovebox::test::temporary_directory place;
  const std::string file = place.file("marks");
  std::array<ending, 100> calls;
  std::vector<int> expected;
  for (ending& each : calls) {
    expected.push_back(static_cast<int>(expected.size()));
    child.ctx.call<&mark>(file, expected.back(), into(each));
  }
  run_until_all_over(child.io, calls);
  BOOST_TEST(marks(file) == expected, boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(callbacks, both, which) {
  one child(which);
  run(child.io, [&ctx = child.ctx]() -> asio::awaitable<void> {
    const std::thread::id own = std::this_thread::get_id();
    const auto here = [own](int n) {
      if (std::this_thread::get_id() != own) throw std::logic_error("on another thread");
      return n + 1;
    };
    const auto two = co_await ctx.call<&apply>(here, 1);
    BOOST_TEST(two == 2);
    // One that calls the child again, which waits for it.
    const auto nested = [ctx](int n) -> asio::awaitable<int> {
      const auto deeper = [](int m) { return m * 2; };
      const int result = co_await ctx.call<&apply>(deeper, n);
      co_return result + 1;
    };
    const auto twenty_one = co_await ctx.call<&apply>(nested, 10);
    BOOST_TEST(twenty_one == 21);
    const auto throws = [](int) -> int { throw std::out_of_range("from the parent"); };
    std::string why;
    try {
      co_await ctx.call<&apply>(throws, 1);
    } catch (const std::out_of_range& e) {
      why = e.what();
    }
    BOOST_TEST(why.find("from the parent") != why.npos, why);

    const auto alive = std::make_shared<int>(0);
    const auto counts = [alive](int n) { return *alive += n; };
    co_await ctx.call<&keep>(glovebox::kept(counts));
    const auto five = co_await ctx.call<&call_kept>(5);
    BOOST_TEST(five == 5);
    BOOST_TEST(alive.use_count() > 2);
    co_await ctx.call<&forget>();
    co_await ctx.call<&echo>(1);
    BOOST_TEST(alive.use_count() == 2);
  });
}

BOOST_DATA_TEST_CASE(streams, both, which) {
  one child(which);
  run(child.io, [&ctx = child.ctx]() -> asio::awaitable<void> {
    int sum = 0;
    const glovebox::item_range<int> four = co_await ctx.call<&squares>(4);
    while (const auto next = co_await four.next()) sum += *next;
    BOOST_TEST(sum == 14);
    const glovebox::item_range<int> three = co_await ctx.call<&squares>(3);
    int items = 0;
    bool thrown = false;
    try {
      while (const auto next = co_await three.next()) ++items;
    } catch (const std::out_of_range&) {
      thrown = true;
    }
    BOOST_TEST(items == 3);
    BOOST_TEST(thrown);
  });
}

BOOST_DATA_TEST_CASE(arrays_are_shared, both, which) {
  one child(which);
  run(child.io, [&ctx = child.ctx]() -> asio::awaitable<void> {
    const shared_array<int> own(100'000);
    for (int& each : own.writable()) each = 1;
    const shared_array<int> back = co_await ctx.call<&add_in_place>(own, 2);
    BOOST_TEST(own[99'999] == 3);
    BOOST_TEST(back.data() == own.data());
    // What a child makes cannot be changed any more once it is here.
    const shared_array<int> made = co_await ctx.call<&make_array>(std::size_t{1000});
    BOOST_TEST(made[999] == 999);
    BOOST_TEST(made.immutable());
    const auto sum = co_await ctx.call<&sum_of_kept>();
    BOOST_TEST(sum == 499'500);
    BOOST_TEST(made[999] == 999);
  });
}

BOOST_DATA_TEST_CASE(each_has_its_own_gifts, both, which) {
  asio::io_context io;
  std::array<int, 2> ends;
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  const glovebox::file_descriptor reads(ends[0]);
  context_options options = as(which);
  options.descriptors.emplace_back(glovebox::file_descriptor(ends[1]));
  options.arguments = {"first"};
  const context first(io, options);
  options.arguments = {"second", "2"};
  const context second(io, std::move(options));
  run(io, [&]() -> asio::awaitable<void> {
    const auto of_first = co_await first.call<&given>();
    BOOST_TEST(of_first == "first;");
    const auto of_second = co_await second.call<&given>();
    BOOST_TEST(of_second == "second;2;");
  });
  std::array<char, 64> text{};
  BOOST_TEST(::read(reads.get(), text.data(), text.size()) == 15);
  BOOST_TEST(std::string(text.data()) == "first;second;2;");
}

// What a module holds is its child's.
BOOST_DATA_TEST_CASE(modules, both, which) {
  one child(which);
  const context other(child.io, as(which));
  run(child.io, [&]() -> asio::awaitable<void> {
    const glovebox::proxy here = co_await glovebox::load_module(child.ctx, "alike");
    const glovebox::proxy there = co_await glovebox::load_module(other, "alike");
    const auto added = co_await here.call<int>("add", 1, 2);
    BOOST_TEST(added == 3);
    co_await here.set("level", 2);
    const auto level_here = co_await here.get<int>("level");
    BOOST_TEST(level_here == 2);
    const auto level_there = co_await there.get<int>("level");
    BOOST_TEST(level_there == 1);
    const glovebox::proxy object = co_await here.call("Opaque");
    const auto content = co_await object.call<int>("add", 5);
    BOOST_TEST(content == 5);
    const auto type = co_await object.type_name();
    BOOST_TEST(type == "alike.Opaque");
    std::string name;
    try {
      co_await here.call("odd");
    } catch (const glovebox::remote_exception& e) {
      name = e.type_name();
    }
    BOOST_TEST(name == "alike.OddError");
    const glovebox::library libm = co_await child.ctx.load_library("libm.so.6");
    const auto root = co_await libm.call<double(double)>("sqrt", 16.0);
    BOOST_TEST(root == 4.0);
  });
}

BOOST_DATA_TEST_CASE(calls_that_wait, both, which) {
  one child(which);
  auto s = glovebox::sync(child.ctx);
  BOOST_TEST(s.call<&echo>(7) == 7);
  auto object = s.make<opaque>();
  BOOST_TEST(object.call<&opaque::add>(7) == 7);
  BOOST_CHECK_THROW(s.call<&throw_something>(0), std::out_of_range);
  int sum = 0;
  for (const int each : s.call<&squares>(4)) sum += each;
  BOOST_TEST(sum == 14);
}

BOOST_DATA_TEST_CASE(a_pool, both, which) {
  asio::io_context io;
  const gate held;
  glovebox::pool_options options;
  options.size = 3;
  options.child.backend = which;
  const glovebox::pool pool(io, options);
  std::array<ending, 50> calls;
  for (ending& each : calls) pool.call<&echo>(1, into(each));
  run_until_all_over(io, calls);
  for (const ending& each : calls) BOOST_TEST(each.value == 1);
  // One that hangs costs its child, and nobody else.
  ending hangs;
  pool.with({.run_timeout = soon, .grace = 0ms}).call<&pass_gate>(held.path(), 1, into(hangs));
  run_until_over(io, hangs);
  BOOST_TEST(!hangs.as<glovebox::call_timeout>().child_alive());
  std::array<ending, 50> more;
  for (ending& each : more) pool.call<&echo>(2, into(each));
  run_until_all_over(io, more);
  for (const ending& each : more) BOOST_TEST(each.value == 2);
  if (which == backend::in_process) held.open();
}

BOOST_DATA_TEST_CASE(a_farm, both, which) {
  asio::io_context io;
  glovebox::farm_options options;
  options.pool.child.backend = which;
  std::vector<glovebox::farm_case<std::string>> cases;
  for (const char* const each : {"one", "throw", "two"})
    cases.push_back({.name = std::string(each), .input = std::string(each)});
  const glovebox::farm farm(io, std::move(options));
  run(io, [&]() -> asio::awaitable<void> {
    const glovebox::farm_report report = co_await farm.run<&behave>(cases);
    BOOST_TEST((report.outcomes[0] == glovebox::outcome::ok));
    BOOST_TEST((report.outcomes[1] == glovebox::outcome::error));
    BOOST_TEST((report.outcomes[2] == glovebox::outcome::ok));
    BOOST_REQUIRE(report.failure(1));
    BOOST_TEST(report.failure(1)->type == "std::out_of_range");
    BOOST_TEST(report.failure(1)->message == "too far");
  });
}

// ---- threads only

BOOST_AUTO_TEST_CASE(a_callback_of_another_child) {
  asio::io_context io;
  const context owner(io, as_thread());
  const context other(io, as_thread());
  run(io, [&]() -> asio::awaitable<void> {
    const auto twice = [](int n) { return 2 * n; };
    co_await owner.call<&keep>(glovebox::kept(twice));
    const auto eight = co_await owner.call<&call_kept>(4);
    BOOST_TEST(eight == 8);
    std::string why;
    try {
      co_await other.call<&call_kept>(4);
    } catch (const std::runtime_error& e) {
      why = e.what();
    }
    BOOST_TEST(why.find("another child of this process") != why.npos, why);
    co_await owner.call<&forget>();
  });
}

BOOST_AUTO_TEST_CASE(several_at_once_from_several_threads) {
  const std::size_t before = threads();
  {
    running_io shared(2);
    std::array<context, 4> all;
    for (context& each : all) each = context(shared.io, as_thread());
    std::array<std::string, 4> failures;
    std::vector<std::thread> users;
    for (std::size_t i = 0; i != all.size(); ++i)
      users.emplace_back([&, i] {
        try {
          auto s = glovebox::sync(all[i]);
          const auto module = s.load_module("alike");
          for (int n = 0; n != 50; ++n) {
            // Each of them also calls its neighbour.
            const auto& to = all[(i + static_cast<std::size_t>(n)) % all.size()];
            const auto plus = [n](int m) { return m + n; };
            if (glovebox::test::get(to.call<&apply>(plus, n, asio::use_future)) != 2 * n)
              throw std::logic_error("a callback");
            if (module.call<int>("add", n, 1) != n + 1) throw std::logic_error("an operation");
            const glovebox::proxy object = module.call("Opaque");
            if (glovebox::test::get(object.call<int>("add", n, asio::use_future)) != n)
              throw std::logic_error("an object");
            try {
              s.call<&throw_something>(n % 4);
            } catch (const glovebox::remote_exception&) {
            }
          }
        } catch (const std::exception& e) {
          failures[i] = e.what();
        }
      });
    for (std::thread& each : users) each.join();
    for (const std::string& each : failures) BOOST_TEST(each == "");
  }
  BOOST_TEST(threads() == before);
}

BOOST_AUTO_TEST_CASE(nothing_is_left) {
  asio::io_context io;
  const auto one_life = [&io](int n) {
    const context ctx(io, as_thread());
    run(io, [&]() -> asio::awaitable<void> {
      const glovebox::proxy module = co_await glovebox::load_module(ctx, "alike");
      const glovebox::proxy object = co_await module.call("Opaque");
      co_await object.call<int>("add", n);
      const glovebox::library libm = co_await ctx.load_library("libm.so.6");
      const remote<opaque> mine = co_await ctx.make<opaque>();
      const shared_array<int> own(1000);
      co_await ctx.call<&add_in_place>(own, n);
      const shared_array<int> made = co_await ctx.call<&make_array>(std::size_t{1000});
      co_await ctx.call<&sum_of_kept>();
      const auto plus = [n](int m) { return n + m; };
      co_await ctx.call<&keep>(glovebox::kept(plus));
      co_await ctx.call<&call_kept>(1);
      co_await ctx.call<&forget>();
      const glovebox::item_range<int> endless = co_await ctx.call<&squares>(1'000'000);
      co_await endless.next();
      if (n % 2 == 0) co_await ctx.stop();
    });
  };
  constexpr int lives = 40;
  constexpr std::size_t noise = 64 * 1024;  // [bytes]; a recorder alone has more
  for (int i = 0; i != lives; ++i) one_life(i);
  run_to_the_end(io);
  const std::size_t threads_before = threads();
  const std::size_t descriptors = open_descriptors();
  const std::size_t memory = ::mallinfo2().uordblks;
  for (int i = 0; i != lives; ++i) one_life(i);
  run_to_the_end(io);
  BOOST_TEST(threads() == threads_before);
  BOOST_TEST(threads() == 0u);
  BOOST_TEST(open_descriptors() <= descriptors);  // fewer: memory that was kept is given back
  if (!glovebox::test::under_sanitizer) BOOST_TEST(::mallinfo2().uordblks < memory + noise);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace in_process_alike_test
