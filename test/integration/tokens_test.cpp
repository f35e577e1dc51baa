// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"
#include "integration/handle.hpp"
#include "support/faults.hpp"

#include <glovebox/asio.hpp>

#include <array>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/multiple_exceptions.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(tokens_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_awaitable;
using asio::use_future;

/// Runs a coroutine on the shared io_context to its end.
template <class F>
auto run(F&& body) {
  return get(asio::co_spawn(shared_io(), std::forward<F>(body), use_future));
}

/// Has no empty state.
handle make_handle(int number) {
  if (number < 0) throw std::out_of_range("no such handle");
  return handle(number);
}

std::atomic<int> calls_run{0};
int count_call(int n) {
  ++calls_run;
  return n;
}
int add(int a, int b) {
  return a + b;
}
void fail(const std::string& text) {
  throw std::runtime_error(text);
}

static_assert(!std::is_default_constructible_v<handle>);

BOOST_FIXTURE_TEST_SUITE(tokens, one_child)

BOOST_AUTO_TEST_CASE(awaitable) {
  run([this]() -> asio::awaitable<void> {
    const int sum = co_await ctx.call<&add>(1, 2);
    BOOST_TEST(sum == 3);
    const int again = co_await ctx.call<&add>(3, 4, use_awaitable);
    BOOST_TEST(again == 7);
    co_await ctx.start();
    const remote<std::string> text = co_await ctx.make<std::string>("abc");
    const std::size_t size = co_await text.call<[](const std::string& s) { return s.size(); }>();
    BOOST_TEST(size == 3u);
    const std::string copy = co_await by_value(text);
    BOOST_TEST(copy == "abc");
    std::string caught;
    try {
      co_await ctx.call<&fail>("the text");
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    BOOST_TEST(caught == "the text");
    const handle made = co_await ctx.call<&make_handle>(5);
    BOOST_TEST(made.number() == 5);
    bool thrown = false;
    try {
      co_await ctx.call<&make_handle>(-1);
    } catch (const std::out_of_range&) {
      thrown = true;
    }
    BOOST_TEST(thrown);
    co_await ctx.stop();
  });
}

BOOST_AUTO_TEST_CASE(tuple_of_awaitable) {
  run([this]() -> asio::awaitable<void> {
    auto [none, sum] = co_await ctx.call<&add>(1, 2, as_tuple(use_awaitable));
    BOOST_TEST((none == nullptr));
    BOOST_TEST(sum == 3);
    auto [error] = co_await ctx.call<&fail>("the text", as_tuple(use_awaitable));
    BOOST_CHECK_THROW(std::rethrow_exception(error), std::runtime_error);
    auto [no_error, made] = co_await ctx.call<&make_handle>(5, as_tuple(use_awaitable));
    BOOST_TEST((no_error == nullptr));
    BOOST_TEST((made && made->number() == 5));
    auto [out, nothing] = co_await ctx.call<&make_handle>(-1, as_tuple(use_awaitable));
    BOOST_CHECK_THROW(std::rethrow_exception(out), std::out_of_range);
    BOOST_TEST(!nothing.has_value());
  });
}

BOOST_AUTO_TEST_CASE(future) {
  BOOST_TEST(get(ctx.call<&add>(1, 2, use_future)) == 3);
  BOOST_CHECK_THROW(get(ctx.call<&fail>("x", use_future)), std::runtime_error);
  BOOST_TEST(get(ctx.call<&make_handle>(5, use_future)).number() == 5);
  BOOST_CHECK_THROW(get(ctx.call<&make_handle>(-1, use_future)), std::out_of_range);
  get(ctx.start(use_future));
}

BOOST_AUTO_TEST_CASE(callback) {
  std::promise<int> sum;
  ctx.call<&add>(1, 2, [&](std::exception_ptr error, int result) {
    error ? sum.set_exception(error) : sum.set_value(result);
  });
  BOOST_TEST(get(sum.get_future()) == 3);

  std::promise<std::exception_ptr> failed;
  ctx.call<&fail>("x", [&](std::exception_ptr error) { failed.set_value(error); });
  BOOST_CHECK_THROW(std::rethrow_exception(get(failed.get_future())), std::runtime_error);

  std::promise<std::optional<handle>> made, none;
  ctx.call<&make_handle>(
      5, [&](std::exception_ptr, std::optional<handle> result) { made.set_value(result); });
  BOOST_TEST(get(made.get_future()).value().number() == 5);
  // Boost.Test is for one thread, which goes on meanwhile.
  bool has_error = false;
  ctx.call<&make_handle>(-1, [&](std::exception_ptr error, std::optional<handle> result) {
    has_error = error != nullptr;
    none.set_value(result);
  });
  BOOST_TEST(!get(none.get_future()).has_value());
  BOOST_TEST(has_error);
}

BOOST_AUTO_TEST_CASE(callback_that_can_only_be_moved_and_is_an_lvalue) {
  std::promise<int> one, two;
  ctx.call<&add>(1, 2, [&, owned = std::make_unique<int>(7)](std::exception_ptr, int result) {
    one.set_value(result + *owned);
  });
  BOOST_TEST(get(one.get_future()) == 10);
  const auto handler = [&two](std::exception_ptr, int result) { two.set_value(result); };
  ctx.call<&add>(3, 4, handler);
  BOOST_TEST(get(two.get_future()) == 7);
}

BOOST_AUTO_TEST_CASE(deferred_operations_start_when_they_are_told) {
  auto operation = ctx.call<&count_call>(5, deferred);
  BOOST_TEST(get(ctx.call([] { return calls_run.load(); }, use_future)) == 0);
  // Twice, in two ways.
  auto copy = operation;
  BOOST_TEST(get(std::move(copy)(use_future)) == 5);
  std::promise<int> result;
  std::move(operation)([&](std::exception_ptr, int n) { result.set_value(n); });
  BOOST_TEST(get(result.get_future()) == 5);
  BOOST_TEST(get(ctx.call([] { return calls_run.load(); }, use_future)) == 2);

  auto failing = ctx.call<&make_handle>(-1, deferred);
  std::promise<std::exception_ptr> failed;
  std::move(failing)(
      [&](std::exception_ptr error, std::optional<handle>) { failed.set_value(error); });
  BOOST_CHECK_THROW(std::rethrow_exception(get(failed.get_future())), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(nobody_waits) {
  ctx.call<&count_call>(5, asio::detached);
  ctx.call<&fail>("nobody hears it", asio::detached);
  BOOST_TEST(get(ctx.call([] { return calls_run.load(); }, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(bound_executors) {
  asio::thread_pool pool(1);
  std::promise<bool> there;
  ctx.call<&add>(1, 2, asio::bind_executor(pool, [&](std::exception_ptr, int) {
                   there.set_value(pool.get_executor().running_in_this_thread());
                 }));
  BOOST_TEST(get(there.get_future()));
  const auto strand = asio::make_strand(shared_io());
  std::promise<bool> in_strand;
  ctx.call<&add>(1, 2, asio::bind_executor(strand, [&](std::exception_ptr, int) {
                   in_strand.set_value(strand.running_in_this_thread());
                 }));
  BOOST_TEST(get(in_strand.get_future()));
  // Also where nothing has been sent.
  std::promise<bool> refused;
  context().call<&add>(1, 2, asio::bind_executor(pool, [&](std::exception_ptr error, int) {
                         refused.set_value(error && pool.get_executor().running_in_this_thread());
                       }));
  BOOST_TEST(get(refused.get_future()));
  // A coroutine goes on where it lives.
  const auto body = [this, &pool]() -> asio::awaitable<bool> {
    co_await ctx.call<&add>(1, 2);
    co_return pool.get_executor().running_in_this_thread();
  };
  BOOST_TEST(get(asio::co_spawn(pool, body, use_future)));
  pool.join();
}

BOOST_AUTO_TEST_CASE(operators) {
  using namespace asio::experimental::awaitable_operators;
  const context other(shared_io());
  run([&]() -> asio::awaitable<void> {
    auto [a, b] = co_await (ctx.call<&add>(1, 2) && other.call<&add>(3, 4));
    BOOST_TEST(a == 3);
    BOOST_TEST(b == 7);
    // The one that never ends is cancelled.
    gate door;
    const std::string path = door.path();
    auto first = co_await (ctx.call<&gate::pass>(path) || other.call<&add>(5, 6));
    BOOST_TEST(first.index() == 1u);
    BOOST_TEST(std::get<1>(first) == 11);
    asio::steady_timer timer(shared_io(), std::chrono::milliseconds(1));
    auto second = co_await (ctx.call<&gate::pass>(path) || timer.async_wait(use_awaitable));
    BOOST_TEST(second.index() == 1u);
    BOOST_TEST((ctx.state() == context_state::ready || ctx.state() == context_state::starting));
    bool failed = false;
    try {
      co_await (other.call<&fail>("x") && other.call<&add>(1, 1));
    } catch (const std::exception&) {
      failed = true;
    }
    BOOST_TEST(failed);
  });
}

BOOST_AUTO_TEST_SUITE_END()

// ---- when what happens

BOOST_FIXTURE_TEST_SUITE(initiation, one_child)

BOOST_AUTO_TEST_CASE(a_call_that_nobody_awaits_is_never_sent) {
  { [[maybe_unused]] auto dropped = ctx.call<&count_call>(1, deferred); }
  run([this]() -> asio::awaitable<void> {
    { [[maybe_unused]] auto dropped = ctx.call<&count_call>(1); }
    { [[maybe_unused]] auto dropped = ctx.call<&make_handle>(1); }
    const int ran = co_await ctx.call([] { return calls_run.load(); });
    BOOST_TEST(ran == 0);
  });
  BOOST_TEST(ctx.stats().calls == 1u);
}

BOOST_AUTO_TEST_CASE(arguments_are_taken_when_call_is_invoked) {
  run([this]() -> asio::awaitable<void> {
    std::string text = "before";
    std::vector<double> numbers(10'000, 1.0);
    const auto tell = [](const std::string& t, const std::vector<double>& n) {
      return t + ' ' + std::to_string(n.size()) + ' ' + std::to_string(static_cast<int>(n.back()));
    };
    auto waiting = ctx.call(tell, text, numbers);
    text = "after";
    numbers.assign(20'000, 2.0);
    const std::string told = co_await std::move(waiting);
    BOOST_TEST(told == "before 10000 1");
  });
}

BOOST_AUTO_TEST_CASE(temporaries_in_arguments) {
  run([this]() -> asio::awaitable<void> {
    const auto length = [](std::string_view a, const std::string& b) {
      return a.size() + b.size();
    };
    auto waiting = ctx.call(length, std::string(100, 'a'), std::string(200, 'b'));
    const std::size_t first = co_await std::move(waiting);
    BOOST_TEST(first == 300u);
    const std::size_t second =
        co_await ctx.call(length, std::string(100, 'a') + "b", std::string(20'000, 'b'));
    BOOST_TEST(second == 20'101u);
    const auto doubled = [](std::string& s) { return s + s; };
    const std::string third = co_await (co_await ctx.make<std::string>("abc")).call(doubled);
    BOOST_TEST(third == "abcabc");
  });
}

BOOST_AUTO_TEST_CASE(encoding_errors_arrive_through_the_handler) {
  const char* const null = nullptr;
  const auto length = [](const char* text) { return std::string(text).size(); };
  std::promise<std::exception_ptr> failed;
  ctx.call(length, null, [&](std::exception_ptr error, std::size_t) { failed.set_value(error); });
  BOOST_CHECK_THROW(std::rethrow_exception(get(failed.get_future())), codec_error);
  run([&]() -> asio::awaitable<void> {
    auto waiting = ctx.call(length, null);
    bool thrown = false;
    try {
      co_await std::move(waiting);
    } catch (const codec_error&) {
      thrown = true;
    }
    BOOST_TEST(thrown);
  });
  BOOST_TEST(ctx.stats().calls == 0u);
}

BOOST_AUTO_TEST_CASE(no_handler_runs_inside_the_initiation) {
  // Neither where the call fails at once nor where the answer is quick, also when the calling
  // thread is the one that runs handlers.
  const context ended(shared_io());
  ended.kill();
  const context never;
  const char* const null = nullptr;
  const auto length = [](const char* text) { return std::string(text).size(); };
  const auto run_all = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != 100; ++i) {
      bool returned = false;
      std::atomic<int> pending{5};
      asio::steady_timer all_done(shared_io(), asio::steady_timer::time_point::max());
      const auto finish = [&] {
        BOOST_TEST(returned);
        // Only the last one touches the timer.
        if (--pending == 0) all_done.cancel();
      };
      auto here = asio::bind_executor(shared_io(), [&](std::exception_ptr, auto...) { finish(); });
      ctx.call<&add>(1, 2, here);
      ctx.call(length, null, here);
      ended.call<&add>(1, 2, here);
      never.call<&add>(1, 2, here);
      ctx.start(here);
      returned = true;
      glovebox::asio_error_code ignored;
      co_await all_done.async_wait(asio::redirect_error(use_awaitable, ignored));
    }
  };
  run(run_all);
}

asio::any_io_executor executor_of(asio::io_context& io, bool strand) {
  if (strand) return asio::make_strand(io);
  return io.get_executor();
}

BOOST_DATA_TEST_CASE(a_handler_that_throws_loses_no_other, (std::array{false, true}), strand) {
  asio::io_context io;
  const context own(executor_of(io, strand));
  int done = 0, thrown = 0, failed = 0;
  for (int i = 0; i != 200; ++i)
    own.call<&add>(i, 0, [&, i](std::exception_ptr error, int result) {
      if (error || result != i) ++failed;
      ++done;
      if (i % 7 == 0) throw i;
    });
  for (;;) {
    try {
      io.run();
      break;
    } catch (int) {
      ++thrown;
    } catch (const asio::multiple_exceptions&) {
      ++thrown;  // Asio's word for several handlers of one turn
    }
  }
  BOOST_TEST(done == 200);
  BOOST_TEST(thrown > 0);
  BOOST_TEST(failed == 0);
}

BOOST_DATA_TEST_CASE(a_handler_that_stops_the_loop_and_throws, (std::array{false, true}), strand) {
  asio::io_context io;
  const context own(executor_of(io, strand));
  own.call<&add>(1, 2, [&](std::exception_ptr, int sum) {
    io.stop();
    throw sum;
  });
  BOOST_CHECK_EXCEPTION(io.run(), int, [](int sum) { return sum == 3; });
}

// What tells of the crash has other things to tell as well.
BOOST_DATA_TEST_CASE(a_handler_that_throws_at_a_crash, (std::array{false, true}), strand) {
  asio::io_context io;
  const asio::any_io_executor executor = executor_of(io, strand);
  int ended = 0, thrown = 0, sum = 0;
  const auto run_on = [&] {
    for (io.restart();;) {
      try {
        io.run();
        return;
      } catch (int) {
        ++thrown;
      }
    }
  };
  for (int i = 1; i != 4; ++i) {
    const context crashes(executor), works(executor);
    crashes.call<&commit_fault>(std::string("null_dereference"), [&](std::exception_ptr error) {
      ended += error != nullptr;
      throw i;
    });
    run_on();
    works.call<&add>(i, 1, [&](std::exception_ptr, int result) { sum = result; });
    run_on();
    BOOST_TEST(ended == i);
    BOOST_TEST(thrown == i);
    BOOST_TEST(sum == i + 1);
  }
}

BOOST_AUTO_TEST_CASE(an_idle_context_is_no_work) {
  asio::io_context io;
  const context own(io);
  int result = 0;
  own.call<&add>(1, 2, [&](std::exception_ptr, int sum) { result = sum; });
  io.run();
  BOOST_TEST(result == 3);
  io.restart();
  own.call<&add>(3, 4, [&](std::exception_ptr, int sum) { result = sum; });
  io.run();
  BOOST_TEST(result == 7);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
