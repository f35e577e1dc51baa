// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(callbacks_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- functions that call back

int twice(const std::function<int(int)>& f, int n) {
  return f(f(n));
}
std::vector<std::string> spell(std::function<std::string(int, const std::string&)> f, int count) {
  std::vector<std::string> all;
  for (int i = 0; i != count; ++i)
    all.push_back(f(i, std::string(static_cast<std::size_t>(i), 'x')));
  return all;
}
void report_to(std::function<void(int)>& f, int count) {
  for (int i = 0; i != count; ++i) f(i);
}
bool given(const std::function<void()>& f) {
  return f != nullptr;
}
std::string caught(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::out_of_range& e) {
    return std::string("out_of_range: ") + e.what();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing";
}
int apply(const std::function<int(int)>& f, int n) {
  return f(n);
}
int square(int n) {
  return n * n;
}

std::function<int(int)> stored;
std::function<void(const std::string&)> stored_text;
void store(std::function<int(int)> f) {
  stored = std::move(f);
}
void store_and_throw(std::function<int(int)> f) {
  stored = std::move(f);
  throw std::runtime_error("after storing");
}
int call_stored(int n) {
  return stored(n);
}
void forget() {
  stored = nullptr;
}
std::string from_another_thread(const std::function<int(int)>& f) {
  std::string text;
  std::thread([&] {
    try {
      f(1);
    } catch (const std::exception& e) {
      text = e.what();
    }
  }).join();
  return text;
}
int die_in(const std::function<int(int)>& f) {
  f(1);
  std::abort();
}
std::string said;
void say(const std::string& text) {
  said += text;
}
std::string what_was_said() {
  return said;
}
std::string around(const std::function<void()>& f) {
  said += "<";
  f();
  said += ">";
  return said;
}

struct counter_guard {
  explicit counter_guard(std::atomic<int>& of) : count(&of) { ++*count; }
  counter_guard(const counter_guard& other) : count(other.count) { ++*count; }
  counter_guard& operator=(const counter_guard&) = delete;
  ~counter_guard() {
    --*count;
    count->notify_all();
  }
  std::atomic<int>* count;
};

// Callables are destroyed by the thread that learns that nobody needs them.
void until(const std::atomic<int>& count, int wanted) {
  for (int now = count; now != wanted; now = count) count.wait(now);
}

GLOVEBOX_MODULE(callbacks, m) {
  m.def("twice", &twice);
  m.def("caught", &caught);
  m.def("store", &store);
  m.def("call_stored", &call_stored);
  m.def("forget", &forget);
  m.def("sum_with", [](const std::function<double(double, double)>& f, std::vector<double> all) {
    double sum = 0;
    for (const double each : all) sum = f(sum, each);
    return sum;
  });
}

template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), std::forward<F>(body), use_future));
}

BOOST_FIXTURE_TEST_SUITE(row_18_callbacks, one_child)

BOOST_AUTO_TEST_CASE(plain_callables) {
  BOOST_TEST(get(ctx.call<&twice>([](int n) { return n + 1; }, 40, use_future)) == 42);
  BOOST_TEST(get(ctx.call<&twice>(&square, 3, use_future)) == 81);
  int offset = 20;
  const auto adding = [&offset](int n) { return n + offset; };
  BOOST_TEST(get(ctx.call<&twice>(adding, 2, use_future)) == 42);
  BOOST_TEST(get(ctx.call<&twice>(std::function<int(int)>(adding), 2, use_future)) == 42);
  BOOST_TEST(get(ctx.call<&twice>(callback(adding), 2, use_future)) == 42);
  const auto longer = [](int n, const std::string& text) { return text + std::to_string(n); };
  const std::vector<std::string> wanted{"0", "x1", "xx2"};
  BOOST_TEST(get(ctx.call<&spell>(longer, 3, use_future)) == wanted);
  std::vector<int> seen;
  get(ctx.call<&report_to>([&seen](int n) { seen.push_back(n); }, 1000, use_future));
  BOOST_TEST(seen.size() == 1000u);
  BOOST_TEST(seen.back() == 999);
  BOOST_TEST(get(ctx.call<&given>(nullptr, use_future)) == false);
  BOOST_TEST(get(ctx.call<&given>(std::function<void()>(), use_future)) == false);
  BOOST_TEST(get(ctx.call<&given>([] {}, use_future)) == true);
}

BOOST_AUTO_TEST_CASE(large_arguments_and_results) {
  const auto reversed = [](const std::function<std::string(std::string)>& f, std::size_t size) {
    std::string text(size, 'a');
    text.back() = 'z';
    text = f(std::move(text));
    return text.size() == size && text.front() == 'z' && text.back() == 'a';
  };
  const auto reverse = [](std::string text) { return std::string(text.rbegin(), text.rend()); };
  for (const std::size_t size : {10u, 5000u, 300'000u, 5'000'000u})
    BOOST_TEST(get(ctx.call(reversed, reverse, size, use_future)));
}

BOOST_AUTO_TEST_CASE(what_a_callable_throws_is_thrown_in_the_child) {
  const auto far = [] { throw std::out_of_range("too far"); };
  BOOST_TEST(get(ctx.call<&caught>(far, use_future)) == "out_of_range: too far");
  // Not caught there, it comes back as what it was.
  const auto fails = [](int) -> int { throw std::invalid_argument("not this"); };
  BOOST_CHECK_THROW(get(ctx.call<&apply>(fails, 1, use_future)), std::invalid_argument);
  try {
    get(ctx.call<&apply>(fails, 1, use_future));
  } catch (const remote_exception& e) {
    BOOST_TEST(e.type_name() == "std::invalid_argument");
    BOOST_TEST(e.message() == "not this");
  }
  BOOST_TEST(get(ctx.call<&square>(5, use_future)) == 25);
}

BOOST_AUTO_TEST_CASE(nested_calls_and_order) {
  // A call made before the callback waits for its end; one made inside it does not.
  const auto inside = [child = ctx]() -> asio::awaitable<void> {
    co_await child.call<&say>(std::string("in"));
  };
  const auto both = [&] {
    return std::pair{ctx.call<&around>(inside, use_future),
                     ctx.call<&say>(std::string("after"), use_future)};
  };
  // On the loop, which hears of the callback only afterwards.
  auto [outer, after] = get(asio::post(shared_io(), use_future(both)));
  BOOST_TEST(get(std::move(outer)) == "<in>");
  get(std::move(after));
  BOOST_TEST(get(ctx.call<&what_was_said>(use_future)) == "<in>after");
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_waits) {
  run([this]() -> asio::awaitable<void> {
    const auto slow = [](int n) -> asio::awaitable<int> {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
      co_return n * 2;
    };
    const int result = co_await ctx.call<&twice>(slow, 10);
    BOOST_TEST(result == 40);
    const auto throwing = [](int) -> asio::awaitable<int> {
      throw std::out_of_range("coroutine");
      co_return 0;
    };
    std::string message;
    try {
      co_await ctx.call<&apply>(throwing, 10);
    } catch (const std::out_of_range& e) {
      message = e.what();
    }
    BOOST_TEST(message == "coroutine");
  });
}

asio::awaitable<int> factorial(context ctx, int n) {
  if (n == 0) co_return 1;
  const auto next = [ctx](int m) -> asio::awaitable<int> { return factorial(ctx, m); };
  const int rest = co_await ctx.call<&apply>(next, n - 1);
  co_return n* rest;
}

BOOST_AUTO_TEST_CASE(reentrant) {
  run([this]() -> asio::awaitable<void> {
    const int result = co_await factorial(ctx, 10);
    BOOST_TEST(result == 3628800);
  });
}

asio::awaitable<int> forever(context ctx, int n) {
  const auto next = [ctx](int m) -> asio::awaitable<int> { return forever(ctx, m); };
  const int deeper = co_await ctx.call<&apply>(next, n + 1);
  co_return deeper;
}

BOOST_AUTO_TEST_CASE(endless_recursion_is_bounded) {
  run([this]() -> asio::awaitable<void> {
    std::string message;
    try {
      co_await forever(ctx, 0);
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    BOOST_TEST(message.find("nested deeper than 64") != message.npos, message);
    const int alive = co_await ctx.call<&square>(6);
    BOOST_TEST(alive == 36);
  });
}

BOOST_AUTO_TEST_CASE(a_callable_belongs_to_its_call) {
  std::atomic<int> alive = 0;
  get(ctx.call<&store>([held = counter_guard(alive)](int n) { return n + *held.count; },
                       use_future));
  until(alive, 0);
  const std::string message =
      message_of<std::runtime_error>([&] { get(ctx.call<&call_stored>(1, use_future)); });
  BOOST_TEST(message.find("glovebox::kept") != message.npos, message);
  get(ctx.call<&forget>(use_future));
}

BOOST_AUTO_TEST_CASE(kept_until_it_is_released) {
  std::atomic<int> alive = 0;
  std::atomic<int> calls = 0;
  get(ctx.call<&store>(kept([held = counter_guard(alive), &calls](int n) {
                         ++calls;
                         return n * 2;
                       }),
                       use_future));
  until(alive, 1);
  BOOST_TEST(get(ctx.call<&call_stored>(21, use_future)) == 42);
  BOOST_TEST(get(ctx.call<&call_stored>(4, use_future)) == 8);
  BOOST_TEST(calls == 2);
  get(ctx.call<&forget>(use_future));
  get(ctx.call<&square>(1, use_future));
  until(alive, 0);
  BOOST_CHECK_THROW(get(ctx.call<&call_stored>(1, use_future)), std::bad_function_call);

  // Kept by a function that fails afterwards.
  BOOST_CHECK_THROW(get(ctx.call<&store_and_throw>(
                        kept([held = counter_guard(alive)](int n) { return n; }), use_future)),
                    std::runtime_error);
  until(alive, 1);
  BOOST_TEST(get(ctx.call<&call_stored>(5, use_future)) == 5);
  // With the child.
  ctx.kill();
  get(ctx.stop(use_future));
  until(alive, 0);
}

BOOST_AUTO_TEST_CASE(a_kept_one_that_is_not_taken_is_let_go) {
  std::atomic<int> alive = 0;
  const auto both = [](const std::string& text, const std::function<int(int)>&) {
    return text.size();
  };
  const auto guarded = [held = counter_guard(alive)](int n) { return n; };
  until(alive, 1);
  for (int i = 0; i != 3; ++i) get(ctx.call(both, std::string("text"), kept(guarded), use_future));
  get(ctx.call<&square>(1, use_future));
  until(alive, 1);
}

BOOST_AUTO_TEST_CASE(only_the_childs_main_thread_calls_back) {
  const std::string text = get(ctx.call<&from_another_thread>([](int n) { return n; }, use_future));
  BOOST_TEST(text.find("main thread") != text.npos, text);
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_after_a_callback) {
  try {
    get(ctx.call<&die_in>([](int n) { return n; }, use_future));
    BOOST_ERROR("nothing was thrown");
  } catch (const process_terminated& e) {
    BOOST_TEST((e.info().cause == cause::signal));
    BOOST_TEST((e.info().phase == phase::running));
    BOOST_TEST((e.info().culprit == culprit::yes));
    BOOST_TEST(e.info().arguments == "a callback");
  }
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_inside_a_nested_call) {
  run([this]() -> asio::awaitable<void> {
    const context child = ctx;
    std::optional<termination> nested;
    const auto inside = [child, &nested](int) -> asio::awaitable<int> {
      try {
        co_await child.call([] { std::abort(); });
      } catch (const process_terminated& e) {
        nested = e.info();
      }
      co_return 1;
    };
    std::optional<termination> outer;
    try {
      co_await child.call<&apply>(inside, 1);
    } catch (const process_terminated& e) {
      outer = e.info();
    }
    BOOST_REQUIRE(nested);
    BOOST_REQUIRE(outer);
    BOOST_TEST((nested->phase == phase::running));
    BOOST_TEST((nested->culprit == culprit::yes));
    BOOST_TEST((outer->phase == phase::running));
    BOOST_TEST((outer->culprit == culprit::no));
  });
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_waits_for_its_coroutine) {
  asio::io_context io;
  const context child(io);
  asio::cancellation_signal signal;
  bool ended = false;
  std::exception_ptr error;
  // Its end is the only one of the callable that waits.
  const auto waits = [&](int n) -> asio::awaitable<int> {
    const struct at_end {
      bool& flag;
      ~at_end() { flag = true; }
    } end{ended};
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    asio::post(timer.get_executor(), [&] { signal.emit(asio::cancellation_type::terminal); });
    co_await timer.async_wait(asio::use_awaitable);
    co_return n;
  };
  child.call<&apply>(waits, 1,
                     asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, int) {
                       error = e;
                       BOOST_TEST(ended);
                     }));
  io.run();
  BOOST_TEST((error_of(error).code == make_error_code(asio::error::operation_aborted)));
  // The child was told, and goes on.
  int result = 0;
  child.call<&square>(4, [&](std::exception_ptr, int n) { result = n; });
  io.restart();
  io.run();
  BOOST_TEST(result == 16);
}

BOOST_AUTO_TEST_CASE(an_io_context_that_ends_inside_a_callback) {
  std::atomic<int> alive = 0;
  {
    asio::io_context io;
    const context child(io);
    const auto waits = [&io, held = counter_guard(alive)](int n) -> asio::awaitable<int> {
      asio::steady_timer timer(co_await asio::this_coro::executor,
                               asio::steady_timer::time_point::max());
      io.stop();
      co_await timer.async_wait(asio::use_awaitable);
      co_return n;
    };
    child.call<&apply>(waits, 1, [held = counter_guard(alive)](std::exception_ptr, int) {
      BOOST_ERROR("the handler ran");
    });
    io.run();
    BOOST_TEST(alive >= 2);
  }
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(on_an_executor_of_its_own) {
  asio::thread_pool pool(1);
  std::thread::id where;
  const auto here = asio::bind_executor(pool, [&where](int n) {
    where = std::this_thread::get_id();
    return n;
  });
  std::thread::id own;
  asio::post(pool, [&own] { own = std::this_thread::get_id(); });
  BOOST_TEST(get(ctx.call<&apply>(here, 3, use_future)) == 3);
  pool.join();
  BOOST_TEST((where == own));
}

BOOST_AUTO_TEST_CASE(in_a_pool) {
  running_io io(2);
  pool_options options;
  options.size = 2;
  const pool workers(io.io, options);
  std::vector<std::future<int>> results;
  for (int i = 0; i != 200; ++i)
    results.push_back(workers.call<&twice>([i](int n) { return n + i; }, 1, use_future));
  for (int i = 0; i != 200; ++i)
    BOOST_TEST(get(std::move(results[static_cast<std::size_t>(i)])) == 1 + 2 * i);
}

BOOST_AUTO_TEST_CASE(from_four_threads) {
  running_io io(4);
  const context child(io.io);
  std::atomic<int> wrong = 0;
  const auto work = [&](int which) {
    for (int i = 0; i != 200; ++i) {
      const auto add = [which, child](int n) -> asio::awaitable<int> {
        const int squared = co_await child.call<&square>(n);
        co_return squared + which;
      };
      if (get(child.call<&apply>(add, i, use_future)) != i * i + which) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i) threads.emplace_back(work, i);
  for (std::thread& each : threads) each.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(dynamic) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "callbacks");
    const int result =
        co_await module.call<int>("twice", callback([](int n) { return n + 1; }), 40);
    BOOST_TEST(result == 42);
    const std::vector numbers{1.5, 2.0, 3.0};
    const double sum = co_await module.call<double>(
        "sum_with", callback([](double a, double b) { return a + b; }), numbers);
    BOOST_TEST(sum == 6.5);
    const std::string text = co_await module.call<std::string>(
        "caught", callback([] { throw std::out_of_range("here"); }));
    BOOST_TEST(text == "out_of_range: here");
    // Arguments that the callable does not take: the child is told.
    std::string message;
    try {
      co_await module.call<int>("twice", callback([](const std::string& s) { return s; }), 40);
    } catch (const std::exception& e) {
      message = e.what();
    }
    BOOST_TEST(message.find("args[0]") != message.npos, message);
    std::atomic<int> alive = 0;
    const auto triple = kept([held = counter_guard(alive)](int n) { return n * 3; });
    until(alive, 1);
    co_await module.call("store", triple);
    until(alive, 2);
    const int stored_result = co_await module.call<int>("call_stored", 5);
    BOOST_TEST(stored_result == 15);
    co_await module.call("forget");
    co_await module.call("forget");
    until(alive, 1);
    const auto nested = callback([module](int n) -> asio::awaitable<int> {
      const int inner =
          co_await module.call<int>("twice", callback([](int m) { return m + 1; }), n);
      co_return inner;
    });
    const int deep = co_await module.call<int>("twice", nested, 1);
    BOOST_TEST(deep == 5);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
