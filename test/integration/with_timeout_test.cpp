// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Several calls that have one time limit together.
#include "integration/gate.hpp"

#include <glovebox/with_timeout.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(with_timeout_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::chrono_literals;

int twice(int n) {
  return 2 * n;
}
int refuse(int n) {
  throw std::out_of_range("no " + std::to_string(n));
}
int pass(const std::string& gate_path) {
  gate::pass(gate_path);
  return 1;
}

asio::awaitable<int> two_calls(context ctx, int n) {
  const int first = co_await ctx.call<&twice>(n);
  const int second = co_await ctx.call<&twice>(first);
  co_return second;
}
asio::awaitable<void> one_that_throws(context ctx) {
  co_await ctx.call<&twice>(1);
  co_await ctx.call<&refuse>(7);
}
asio::awaitable<std::unique_ptr<int>> wait_there(context ctx, std::string path) {
  co_await ctx.call<&twice>(1);
  const int passed = co_await ctx.call<&pass>(path);
  co_return std::make_unique<int>(passed);
}

template <class T>
T run(asio::awaitable<T> what) {
  return get(asio::co_spawn(shared_io(), std::move(what), asio::use_future));
}
asio_error_code code_of(std::future<std::unique_ptr<int>> from) {
  try {
    get(std::move(from));
  } catch (const asio_system_error& error) {
    return error.code();
  }
  return {};
}

BOOST_FIXTURE_TEST_SUITE(time_limits, one_child)

BOOST_AUTO_TEST_CASE(in_time) {
  BOOST_TEST(run(with_timeout(hard_limit, two_calls(ctx, 5))) == 20);
}

BOOST_AUTO_TEST_CASE(what_was_thrown_is_kept) {
  try {
    run(with_timeout(hard_limit, one_that_throws(ctx)));
    BOOST_ERROR("nothing was thrown");
  } catch (const std::out_of_range& error) {
    BOOST_TEST(error.what() == "no 7");
    BOOST_TEST(dynamic_cast<const remote_exception*>(&error) != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(too_late) {
  const gate door;
  get(ctx.call<&twice>(1, asio::use_future));
  auto late = asio::co_spawn(
      shared_io(), with_timeout(20ms * time_scale, wait_there(ctx, door.path())), asio::use_future);
  BOOST_TEST((code_of(std::move(late)) == asio::error::timed_out));
  // The call was given up, and its child lives.
  door.open();
  BOOST_TEST(get(ctx.call<&twice>(4, asio::use_future)) == 8);
}

BOOST_AUTO_TEST_CASE(cancelled_from_outside) {
  const gate door;
  asio::cancellation_signal signal;
  auto cancelled =
      asio::co_spawn(shared_io(), with_timeout(hard_limit, wait_there(ctx, door.path())),
                     asio::bind_cancellation_slot(signal.slot(), asio::use_future));
  door.wait_for_one();
  asio::post(shared_io(), [&] { signal.emit(asio::cancellation_type::terminal); });
  BOOST_TEST((code_of(std::move(cancelled)) == asio::error::operation_aborted));
  door.open();
  BOOST_TEST(get(ctx.call<&twice>(4, asio::use_future)) == 8);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
