// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Calls that run and are told that nobody wants them any more.
#include "integration/call_fixture.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>

#include <unistd.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(stopping_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;
using std::chrono::milliseconds;

std::string ended_by = "nothing";

// Waits until it is stopped; `running` is told before.
void wait_for_stop(const std::function<void()>& running, std::stop_token stop) {
  running();
  std::mutex lock;
  std::condition_variable_any never;
  std::unique_lock held(lock);
  never.wait(held, stop, [] { return false; });
  ended_by = "stop";
}
void poll_for_stop(const std::function<void()>& running, std::stop_token stop) {
  running();
  while (!stop.stop_requested()) std::this_thread::yield();
  ended_by = "poll";
}
// Ends by itself.
void run_on(const std::function<void()>& running, const std::function<void()>& go) {
  running();
  go();
  ended_by = "itself";
}
void never_ends(const std::function<void()>& running) {
  running();
  for (;;) ::pause();
}
std::string how_it_ended() {
  return ended_by;
}
int threads_of_child() {
  int count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/task"))
    ++count;
  return count;
}
int add(int a, int b) {
  return a + b;
}

GLOVEBOX_MODULE(stopping, m) {
  m.def("wait", &wait_for_stop);
}

// A call that is cancelled once it runs.
struct cancelled_call : one_child {
  asio::cancellation_signal signal;
  std::promise<std::exception_ptr> outcome;

  auto token() {
    return asio::bind_cancellation_slot(
        signal.slot(), [this](std::exception_ptr error) { outcome.set_value(error); });
  }
  auto cancels() {
    return [this] {
      asio::post(shared_io(), [this] { signal.emit(asio::cancellation_type::terminal); });
    };
  }
  void expect_aborted() {
    BOOST_TEST((error_of(get(outcome.get_future())).code ==
                make_error_code(asio::error::operation_aborted)));
  }
};

BOOST_FIXTURE_TEST_SUITE(stopping, cancelled_call)

BOOST_AUTO_TEST_CASE(a_call_that_waits) {
  // ThreadSanitizer has one of its own.
  BOOST_TEST((under_thread_sanitizer || get(ctx.call<&threads_of_child>(use_future)) == 1));
  ctx.call<&wait_for_stop>(cancels(), token());
  expect_aborted();
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "stop");
}

BOOST_AUTO_TEST_CASE(a_call_that_polls) {
  ctx.call<&poll_for_stop>(cancels(), token());
  expect_aborted();
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "poll");
}

BOOST_AUTO_TEST_CASE(through_a_proxy) {
  const proxy module = get(load_module(ctx, "stopping", use_future));
  module.call(
      "wait", callback(cancels()),
      asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr error, const value&) {
        outcome.set_value(error);
      }));
  expect_aborted();
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "stop");
}

BOOST_AUTO_TEST_CASE(a_deadline_tells_before_it_kills) {
  get(ctx.call<&how_it_ended>(use_future));  // a call that is still queued would be withdrawn
  const context hurried = ctx.with({.timeout = milliseconds(50) * time_scale, .grace = hard_limit});
  try {
    get(hurried.call<&wait_for_stop>([] {}, use_future));
    BOOST_ERROR("nothing was thrown");
  } catch (const call_timeout& e) {
    BOOST_TEST(e.child_alive());
  }
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "stop");
  const context running = ctx.with({.run_timeout = milliseconds(50), .grace = hard_limit});
  BOOST_CHECK_THROW(get(running.call<&poll_for_stop>([] {}, use_future)), call_timeout);
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "poll");
}

BOOST_AUTO_TEST_CASE(ignored) {
  const context careless = ctx.with({.on_abandon = on_abandon::ignore});
  // The second is queued in the child while the first one runs, and cancelled there.
  asio::cancellation_signal second_signal;
  std::promise<std::exception_ptr> second;
  const auto go = [] {};
  const auto running = [&] {
    asio::post(shared_io(), [&] { second_signal.emit(asio::cancellation_type::terminal); });
  };
  auto first = ctx.call<&run_on>(
      running, [] {}, use_future);
  careless.call<&run_on>(
      go, go, asio::bind_cancellation_slot(second_signal.slot(), [&](std::exception_ptr error) {
        second.set_value(error);
      }));
  get(std::move(first));
  get(second.get_future());
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "itself");
}

BOOST_AUTO_TEST_CASE(killed) {
  const context strict = ctx.with({.on_abandon = on_abandon::kill});
  strict.call<&never_ends>(cancels(), token());
  expect_aborted();
  get(ctx.stop(use_future));
  BOOST_TEST((ctx.ended().value().cause == cause::killed_by_owner));
}

BOOST_AUTO_TEST_CASE(marks_are_cleared) {
  // More calls than there are bits: one that inherited a mark would be skipped.
  ctx.call<&poll_for_stop>(cancels(), token());
  expect_aborted();
  constexpr int calls = 70'000;
  std::atomic<int> failures = 0;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  for (int i = 0; i != calls; ++i)
    ctx.call<&add>(i, 1, [&, i](std::exception_ptr error, int sum) {
      if (error || sum != i + 1) ++failures;
      if (++answered == calls) all.set_value();
    });
  get(all.get_future());
  BOOST_TEST(failures == 0);
}

BOOST_AUTO_TEST_CASE(nested) {
  const context child = ctx;
  asio::cancellation_signal inner_signal;
  std::exception_ptr inner_error;
  const auto inside = [&, child]() -> asio::awaitable<void> {
    const auto told = [&] {
      asio::post(shared_io(), [&] { inner_signal.emit(asio::cancellation_type::terminal); });
    };
    try {
      co_await child.call<&wait_for_stop>(
          told, asio::bind_cancellation_slot(inner_signal.slot(), asio::use_awaitable));
    } catch (...) {
      inner_error = std::current_exception();
    }
  };
  get(ctx.call<&run_on>([] {}, inside, use_future));
  BOOST_TEST((error_of(inner_error).code == make_error_code(asio::error::operation_aborted)));
  BOOST_TEST(get(ctx.call<&how_it_ended>(use_future)) == "itself");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
