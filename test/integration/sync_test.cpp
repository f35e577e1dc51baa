// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/sync.hpp>

#include "integration/call_fixture.hpp"
#include "integration/handle.hpp"

#include <glovebox/module.hpp>

#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(sync_test)

using namespace glovebox;
using namespace glovebox::test;

// ---- in the child

int add(int a, int b) {
  return a + b;
}
void nothing() {}
void far() {
  throw std::out_of_range("too far");
}
void die() {
  std::abort();
}
int asked(const std::function<int(int)>& what) {
  return what(20) + 1;
}
generator<int> numbers(int n) {
  for (int i = 0; i != n; ++i) co_yield i;
}
generator<int> throws_after_one() {
  co_yield 1;
  throw std::out_of_range("behind");
}

/// Has no empty state.
handle make_handle(int number) {
  return handle(number);
}

struct tally {
  explicit tally(int start) : sum(start) {}
  tally& add(int n) {
    sum += n;
    return *this;
  }
  int sum;
};
int sum_of(const tally& a, const tally& b) {
  return a.sum + b.sum;
}

GLOVEBOX_MODULE(plain, m) {
  m.def("add", &add);
  m.def("numbers", &numbers);
  m.class_<tally>("Tally")
      .constructor<int>()
      .def("add", &tally::add)
      .def("sum", [](const tally& of) { return of.sum; });
}

// ---- in the parent

/// Everything once.
void use(const sync_context& s) {
  s.start();
  BOOST_TEST(s.call<&add>(1, 2) == 3);
  s.call<&nothing>();
  BOOST_TEST(s.call([](int n) { return 2 * n; }, 21) == 42);
  BOOST_TEST(s.call([](auto n) { return 2 * n; }, 21) == 42);
  BOOST_TEST(s.call<&make_handle>(7).number() == 7);
  BOOST_TEST(s.call<&asked>([](int n) { return 2 * n; }) == 41);
  BOOST_CHECK_THROW(s.call<&far>(), std::out_of_range);
  BOOST_CHECK_THROW(s.call<&far>(), remote_exception);

  const sync_remote<tally> object = s.make<tally>(5);
  const sync_remote<tally> same = object.call<&tally::add>(3);
  BOOST_TEST((same == object));
  BOOST_TEST(object.call<&tally::sum>() == 8);
  BOOST_TEST(object.call([](const tally& of) { return of.sum; }) == 8);
  BOOST_TEST(s.call<&sum_of>(object, same) == 16);
  const auto text = s.make<std::string>("abc");
  BOOST_TEST(text.by_value() == "abc");

  int wanted = 0;
  for (const int each : s.call<&numbers>(10'000)) BOOST_REQUIRE(each == wanted++);
  BOOST_TEST(wanted == 10'000);
  std::string letters;
  for (const char each : text.iterate()) letters += each;
  BOOST_TEST(letters == "abc");
  int first = 0;
  BOOST_CHECK_THROW(for (const int each
                         : s.call<&throws_after_one>()) first = each,
                    std::out_of_range);
  BOOST_TEST(first == 1);

  const sync_proxy module = s.load_module("plain");
  BOOST_TEST(module.call<int>("add", 1, 2) == 3);
  const sync_proxy dynamic = sync(module.call("Tally", 1).as<proxy>());
  BOOST_TEST(dynamic.call<int>("sum") == 1);
  BOOST_TEST((sync(dynamic.call("add", 4).as<proxy>()) == dynamic));
  BOOST_TEST(dynamic.call<int>("sum") == 5);
  BOOST_TEST(dynamic.type_name() == "plain.Tally");
  const auto ten = module.call<proxy>("numbers", 10);
  int sum = 0;
  for (const int each : ten.iterate<int>()) sum += each;
  BOOST_TEST(sum == 45);

  const sync_library libm = s.load_library("libm.so.6");
  BOOST_TEST(libm.call<double(double)>("cos", 0.0) == 1.0);
}

BOOST_AUTO_TEST_SUITE(synchronous)

BOOST_AUTO_TEST_CASE(while_another_thread_runs_it) {
  const context ctx(shared_io());
  use(sync(ctx));
}

BOOST_AUTO_TEST_CASE(while_nobody_runs_it) {
  asio::io_context io;
  const context ctx(io);
  use(sync(ctx));
  // What is ready runs meanwhile, in the thread that waits.
  std::thread::id ran;
  asio::post(io, [&] { ran = std::this_thread::get_id(); });
  sync(ctx).call<&nothing>();
  BOOST_TEST((ran == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(on_a_strand_and_in_a_thread_pool) {
  asio::io_context io;
  use(sync(context(asio::make_strand(io.get_executor()))));
  asio::thread_pool pool(1);
  use(sync(context(pool.get_executor())));
}

BOOST_AUTO_TEST_CASE(somebody_begins_and_ceases_to_run_it) {
  asio::io_context io;
  const context ctx(io);
  const auto s = sync(ctx);
  for (int round = 0; round != 3; ++round) {
    BOOST_TEST(s.call<&add>(round, 1) == round + 1);
    {
      auto work = asio::make_work_guard(io);
      io.restart();
      std::thread other([&] { io.run(); });
      for (int i = 0; i != 20; ++i) BOOST_TEST(s.call<&add>(i, 1) == i + 1);
      work.reset();
      io.stop();
      other.join();
    }
    BOOST_TEST(s.call<&add>(round, 2) == round + 2);
  }
}

BOOST_AUTO_TEST_CASE(in_a_handler_it_is_refused) {
  asio::io_context io;
  const context ctx(io);
  const auto s = sync(ctx);
  std::string why;
  asio::post(io, [&] {
    try {
      s.call<&add>(1, 2);
    } catch (const state_error& error) {
      why = error.what();
    }
  });
  io.run();
  BOOST_TEST(why.find("in a handler of the io_context") != std::string::npos, why);
  why.clear();
  BOOST_TEST(s.call<&asked>([&](int n) {
    try {
      return s.call<&add>(n, 1);
    } catch (const state_error& error) {
      why = error.what();
      return 0;
    }
  }) == 1);
  BOOST_TEST(why.find("in a handler of the io_context") != std::string::npos, why);
  // Of another io_context it is all right.
  const context other(shared_io());
  int sum = 0;
  asio::post(io, [&] { sum = sync(other).call<&add>(1, 2); });
  io.restart();
  io.run();
  BOOST_TEST(sum == 3);
}

void from_four_threads(const context& ctx) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&, i] {
      const auto s = sync(ctx);
      for (int n = 0; n != 200; ++n) right += s.call<&add>(i, n) == i + n;
      int last = 0;
      for (const int each : s.call<&numbers>(1000)) last = each;
      right += last == 999;
    });
  for (std::thread& each : threads) each.join();
  BOOST_TEST(right == 4 * 201);
}

BOOST_AUTO_TEST_CASE(several_threads) {
  from_four_threads(context(shared_io()));
  asio::io_context io;
  from_four_threads(context(io));
}

BOOST_AUTO_TEST_CASE(row_26_after_a_crash_the_session_goes_on_with_a_new_context) {
  asio::io_context io;
  std::vector<int> results;  // the session's variables
  auto s = sync(context(io));
  for (int round = 0; round != 3; ++round) {
    results.push_back(s.call<&add>(round, 1));
    const auto object = s.make<tally>(1);
    BOOST_CHECK_THROW(s.call<&die>(), process_terminated);
    BOOST_CHECK_THROW(s.call<&add>(1, 1), state_error);
    BOOST_CHECK_THROW(object.call<&tally::sum>(), state_error);
    BOOST_TEST((s.state() == context_state::terminated));
    s = sync(context(io));
  }
  BOOST_TEST(s.call<&add>(results[0], results[2]) == 4);
}

BOOST_AUTO_TEST_CASE(deadlines_empty_handles_and_other_children) {
  asio::io_context io;
  const auto s = sync(context(io));
  const auto hang = [] {
    for (;;) ::pause();
  };
  BOOST_CHECK_THROW(s.with({.timeout = std::chrono::milliseconds(50)}).call(hang), call_timeout);
  BOOST_CHECK_THROW(sync(context()).call<&add>(1, 2), state_error);
  BOOST_CHECK_THROW(sync(proxy()).call("f"), state_error);
  BOOST_CHECK_THROW(sync_range<int>().next(), state_error);
  const auto other = sync(context(io));
  const auto object = other.make<tally>(1);
  BOOST_CHECK_THROW(sync(context(io)).call<&sum_of>(object, object), codec_error);
  other.stop();
  BOOST_TEST((other.state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(handles_outlive_the_io_context) {
  std::optional<asio::io_context> io(std::in_place);
  const auto s = sync(context(*io));
  const auto object = s.make<tally>(1);
  const auto items = s.call<&numbers>(1'000'000);
  BOOST_TEST((items.next() == 0));
  io.reset();
  BOOST_CHECK_THROW(s.call<&add>(1, 2), state_error);
  BOOST_CHECK_THROW(s.start(), state_error);
  BOOST_CHECK_THROW(object.call<&tally::sum>(), state_error);
  BOOST_CHECK_THROW(while (items.next()){}, glovebox::error);
}

BOOST_AUTO_TEST_CASE(the_execution_context_ends_meanwhile) {
  auto own = std::make_unique<asio::thread_pool>(1);
  const context ctx(own->get_executor());
  ctx.call([] {}, asio::use_future).get();
  std::promise<std::string> ended;
  std::atomic<bool> started{false};
  std::thread waiting([&] {
    try {
      const auto hang = [] {
        for (;;) ::pause();
      };
      started = true;
      sync(ctx).call(hang);
    } catch (const state_error& error) {
      ended.set_value(error.what());
    }
  });
  while (!started || ctx.stats().open == 0) std::this_thread::yield();
  own->stop();
  own->join();
  own.reset();
  const std::string why = get(ended.get_future());
  waiting.join();
  BOOST_TEST(why.find("shut down") != std::string::npos, why);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
