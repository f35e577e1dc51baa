// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"

#include <glovebox/asio.hpp>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>
#include <memory>
#include <random>
#include <thread>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(threads_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

int add(int a, int b) {
  return a + b;
}

struct counted {
  static inline std::atomic<int> made = 0, alive = 0;
  explicit counted(int number) : n(number) {
    ++made;
    ++alive;
  }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
  int n;
};

/// Runs the same in several threads. What fails there is told here.
template <class F>
void in_threads(int count, F work) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int i = 0; i != count; ++i)
    threads.emplace_back([&, i] {
      try {
        work(i);
      } catch (...) {
        failures[static_cast<std::size_t>(i)] = std::current_exception();
      }
    });
  for (std::thread& each : threads) each.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

/// A handler that counts what becomes of it.
class counting_handler {
 public:
  struct counts {
    std::atomic<int> invoked = 0, destroyed = 0;
  };
  explicit counting_handler(counts& to) : guard_(&to, [](counts* of) { ++of->destroyed; }) {}
  template <class... A>
  void operator()(std::exception_ptr, A&&...) {
    ++guard_->invoked;
  }

 private:
  std::shared_ptr<counts> guard_;
};

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(row_27_many_objects_of_four_threads) {
  // Fewer under a sanitizer, where each takes much longer.
  constexpr int each = 100'000 / 4 / time_scale;
  running_io io(2);
  const context ctx(io.io);
  in_threads(4, [&](int which) {
    std::mt19937 random(static_cast<unsigned>(which));
    std::vector<remote<counted>> kept;
    std::vector<std::future<remote<counted>>> waiting;
    for (int i = 0; i != each; ++i) {
      waiting.push_back(ctx.make<counted>(i, use_future));
      if (waiting.size() < 100) continue;
      for (auto& made : waiting) kept.push_back(get(std::move(made)));
      waiting.clear();
      // Dropped in any order.
      std::shuffle(kept.begin(), kept.end(), random);
      kept.resize(kept.size() / 2);
    }
    for (auto& made : waiting) kept.push_back(get(std::move(made)));
    if (!kept.empty()) kept.front().call<&counted::n>(use_future).wait();
  });
  const auto made = [] { return counted::made.load(); };
  const auto alive = [] { return counted::alive.load(); };
  BOOST_TEST(get(ctx.call(made, use_future)) == 4 * each);
  const auto limit = std::chrono::steady_clock::now() + hard_limit;
  while (get(ctx.call(alive, use_future)) != 0 && std::chrono::steady_clock::now() < limit) {
  }
  BOOST_TEST(get(ctx.call(alive, use_future)) == 0);
  BOOST_TEST(ctx.stats().objects == 0u);
}

BOOST_AUTO_TEST_CASE(calls_of_four_threads_on_four_threads) {
  running_io io(4);
  const context first(io.io), second(io.io);
  in_threads(4, [&](int which) {
    const context& ctx = which % 2 == 0 ? first : second;
    std::vector<std::future<int>> sums;
    for (int i = 0; i != 2000; ++i) sums.push_back(ctx.call<&add>(which, i, use_future));
    for (int i = 0; i != 2000; ++i) {
      const int sum = get(std::move(sums[static_cast<std::size_t>(i)]));
      if (sum != which + i) throw std::logic_error("the answer of another call");
    }
    for (int i = 0; i != 50; ++i)
      if (get(ctx.call<&add>(which, i, use_future)) != which + i)
        throw std::logic_error("the answer of another call");
  });
  BOOST_TEST(first.stats().answered == 4100u);
  BOOST_TEST(first.stats().open == 0u);
}

BOOST_AUTO_TEST_CASE(coroutines_on_four_threads) {
  running_io io(4);
  const context ctx(io.io);
  const auto body = [&](int start) -> asio::awaitable<int> {
    int sum = start;
    for (int i = 0; i != 300; ++i) sum = co_await ctx.call<&add>(sum, 1);
    co_return sum;
  };
  std::vector<std::future<int>> sums;
  for (int i = 0; i != 20; ++i) sums.push_back(asio::co_spawn(io.io, body(i), use_future));
  for (int i = 0; i != 20; ++i)
    BOOST_TEST(get(std::move(sums[static_cast<std::size_t>(i)])) == 300 + i);
}

BOOST_AUTO_TEST_CASE(handles_shared_by_threads) {
  running_io io(2);
  const context ctx(io.io);
  const remote<counted> object = get(ctx.make<counted>(5, use_future));
  in_threads(4, [&](int) {
    for (int i = 0; i != 500; ++i) {
      const remote<counted> copy = object;
      const context same = ctx;
      if (get(copy.call<&counted::n>(use_future)) != 5) throw std::logic_error("not 5");
      if (same.state() != context_state::ready || !(copy == object))
        throw std::logic_error("not ready");
    }
  });
  BOOST_TEST(ctx.stats().objects == 1u);
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_under_the_calls_of_four_threads) {
  running_io io(4);
  const context ctx(io.io);
  std::atomic<int> answered = 0, ended = 0;
  in_threads(4, [&](int which) {
    for (int i = 0; i != 500; ++i) {
      try {
        if (which == 0 && i == 250) ctx.kill();
        if (get(ctx.call<&add>(i, 1, use_future)) != i + 1) throw std::logic_error("wrong");
        ++answered;
      } catch (const glovebox::error&) {
        ++ended;
      }
    }
  });
  BOOST_TEST(answered + ended == 2000);
  BOOST_TEST(ended >= 250);
  get(ctx.stop(use_future));  // calls of a killed child are refused before its exit is known
  BOOST_TEST((ctx.ended().value().cause == cause::killed_by_owner));
}

BOOST_AUTO_TEST_SUITE_END()

// ---- handles and handlers after everything else

BOOST_AUTO_TEST_SUITE(ends)

BOOST_AUTO_TEST_CASE(a_stopped_io_context_ends_nothing) {
  asio::io_context io;
  const context ctx(io);
  int sum = 0;
  ctx.call<&add>(1, 2, [&](std::exception_ptr, int result) {
    sum = result;
    io.stop();
  });
  io.run();
  BOOST_TEST(sum == 3);
  ctx.call<&add>(3, 4, [&](std::exception_ptr, int result) { sum = result; });
  BOOST_TEST(io.run() == 0u);  // it is still stopped
  BOOST_TEST(sum == 3);
  io.restart();
  io.run();
  BOOST_TEST(sum == 7);
}

BOOST_AUTO_TEST_CASE(handles_outlive_the_context) {
  running_io io;
  remote<counted> object;
  {
    const context ctx(io.io);
    object = get(ctx.make<counted>(1, use_future));
  }
  std::thread([&] {
    BOOST_CHECK_THROW(get(object.call<&counted::n>(use_future)), state_error);
    object = {};
  }).join();
}

BOOST_AUTO_TEST_CASE(calls_in_flight_when_the_context_goes) {
  running_io io;
  const gate door;
  std::optional<context> ctx(io.io);
  auto held = ctx->call<&gate::pass>(door.path(), use_future);
  auto queued = ctx->call<&add>(1, 2, use_future);
  door.wait_for_one();
  ctx.reset();  // returns at once
  BOOST_CHECK_EXCEPTION(get(std::move(held)), process_terminated, [](const process_terminated& e) {
    return e.cause() == cause::killed_by_owner && e.phase() == phase::running;
  });
  BOOST_CHECK_EXCEPTION(get(std::move(queued)), process_terminated,
                        [](const process_terminated& e) { return e.phase() == phase::queued; });
}

BOOST_AUTO_TEST_CASE(handles_outlive_the_io_context) {
  std::optional<asio::io_context> io(std::in_place);
  context ctx(*io);
  remote<counted> object;
  ctx.make<counted>(1, [&](std::exception_ptr, remote<counted> made) { object = std::move(made); });
  io->run();
  BOOST_REQUIRE(object);
  const pid_t child = ctx.pid();
  io.reset();
  BOOST_TEST((ctx.state() == context_state::terminated));
  BOOST_TEST(ctx.pid() == child);
  // Their calls end, on another thread than ever.
  std::thread([&] {
    BOOST_CHECK_THROW(get(object.call<&counted::n>(use_future)), state_error);
    BOOST_CHECK_THROW(get(ctx.call<&add>(1, 2, use_future)), state_error);
    BOOST_CHECK_THROW(get(ctx.start(use_future)), state_error);
    get(ctx.stop(use_future));
    ctx.kill();
    object = {};
    ctx = {};
  }).join();
}

BOOST_AUTO_TEST_CASE(an_io_context_destroyed_with_calls_pending) {
  counting_handler::counts counts;
  constexpr int calls = 50;
  const gate door;
  const std::string path = door.path();
  std::future<int> abandoned;
  std::optional<context> survivor;
  remote<counted> object;
  bool frame_destroyed = false;
  {
    asio::io_context io;
    const context ctx(io), starting(io), stopping(io);
    survivor = ctx;
    ctx.make<counted>(1, [&](std::exception_ptr, remote<counted> made) { object = made; });
    io.run();
    io.restart();
    ctx.call<&gate::pass>(path, counting_handler(counts));
    for (int i = 1; i != calls; ++i) ctx.call<&add>(i, 1, counting_handler(counts));
    // Also those that were never sent, and waiting for start and stop.
    for (int i = 0; i != calls; ++i)
      ctx.call([](const std::string& text) { return text.size(); }, std::string(100'000, 'x'),
               counting_handler(counts));
    stopping.stop(counting_handler(counts));
    starting.start(counting_handler(counts));
    starting.call<&add>(1, 2, counting_handler(counts));
    abandoned = starting.call<&add>(1, 2, use_future);
    const auto body = [&]() -> asio::awaitable<void> {
      const std::shared_ptr<void> seen(nullptr, [&](void*) { frame_destroyed = true; });
      co_await ctx.call<&gate::pass>(path);
    };
    asio::co_spawn(io, body, asio::detached);
    io.poll();  // one turn, which sends some of them
    door.wait_for_one();
    BOOST_TEST(counts.destroyed == counts.invoked);
  }
  BOOST_TEST(counts.destroyed == 2 * calls + 3);
  BOOST_TEST(counts.invoked <= 3);  // those of the last two contexts, if they were quick
  BOOST_TEST(frame_destroyed);
  // Its promise was destroyed, or it was answered in the one turn.
  try {
    BOOST_TEST(abandoned.get() == 3);
  } catch (const std::future_error& error) {
    BOOST_TEST((error.code() == std::future_errc::broken_promise));
  }
  BOOST_TEST((survivor->state() == context_state::terminated));
}

BOOST_AUTO_TEST_CASE(each_handler_is_destroyed_once_whatever_happens) {
  counting_handler::counts counts;
  {
    running_io io(2);
    const context ctx(io.io);
    in_threads(2, [&](int which) {
      for (int i = 0; i != 200; ++i) {
        ctx.call<&add>(i, 1, counting_handler(counts));
        if (which == 0 && i == 150) ctx.kill();
      }
    });
    const auto limit = std::chrono::steady_clock::now() + hard_limit;
    while (counts.destroyed != 400 && std::chrono::steady_clock::now() < limit)
      std::this_thread::yield();
  }
  BOOST_TEST(counts.destroyed == 400);
  BOOST_TEST(counts.invoked == 400);
}

BOOST_AUTO_TEST_CASE(an_io_context_goes_while_other_threads_drop_handles) {
  for (int round = 0; round != 20; ++round) {
    std::vector<remote<counted>> objects;
    std::atomic<bool> ready = false;
    std::thread dropping;
    {
      running_io io;
      const context ctx(io.io);
      for (int i = 0; i != 50; ++i) objects.push_back(get(ctx.make<counted>(i, use_future)));
      dropping = std::thread([&] {
        ready = true;
        objects.clear();
      });
      while (!ready) std::this_thread::yield();
      io.halt();
    }
    dropping.join();
    BOOST_TEST(objects.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
