// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <memory>
#include <type_traits>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(cancellation_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::cancellation_type;
using asio::use_future;

int calls_run = 0;

/// A call with a signal of its own. Signals are not thread-safe: they are emitted where the
/// handlers run.
class cancellable {
 public:
  template <class Start>
  explicit cancellable(Start&& start) {
    // The signal must live as long as the handler.
    const auto handler = [done = outcome_, kept = signal_](std::exception_ptr error,
                                                           const auto&... result) {
      if (error)
        done->set_exception(error);
      else if constexpr ((std::is_same_v<decltype(result), const int&> && ...))
        done->set_value((0 + ... + result));
      else
        done->set_value(0);
    };
    start(asio::bind_cancellation_slot(signal_->slot(), handler));
  }
  void cancel(cancellation_type type) {
    get(asio::post(shared_io(), use_future([this, type] { signal_->emit(type); })));
    // Behind the completion, if there is one.
    get(asio::post(shared_io(), use_future([] {})));
  }
  int result() { return get(std::move(future_)); }
  bool aborted() {
    try {
      result();
    } catch (const asio_system_error& error) {
      return error.code() == asio::error::operation_aborted;
    }
    return false;
  }
  bool ended() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

 private:
  std::shared_ptr<asio::cancellation_signal> signal_ =
      std::make_shared<asio::cancellation_signal>();
  std::shared_ptr<std::promise<int>> outcome_ = std::make_shared<std::promise<int>>();
  std::future<int> future_ = outcome_->get_future();
};

/// A child that is held in a call.
struct held_child : one_child {
  gate door;
  std::string path = door.path();

  cancellable hold() {
    return cancellable([&](auto token) {
      ctx.call(
          [](const std::string& where) {
            gate::pass(where);
            return ++calls_run;
          },
          path, std::move(token));
    });
  }
  cancellable count() {
    return cancellable([&](auto token) { ctx.call([] { return ++calls_run; }, std::move(token)); });
  }
  int run_so_far() {
    return get(ctx.call([] { return calls_run; }, use_future));
  }
  /// More than channel and queue take, so that what follows stays unsent.
  std::vector<std::future<std::size_t>> fill() {
    std::vector<std::future<std::size_t>> calls;
    for (int i = 0; i != 8; ++i)
      calls.push_back(ctx.call([](const std::string& text) { return text.size(); },
                               std::string(1024 * 1024, 'x'), use_future));
    return calls;
  }
};

const cancellation_type levels[] = {cancellation_type::terminal, cancellation_type::partial,
                                    cancellation_type::total};
const char* const names[] = {"terminal", "partial", "total"};

BOOST_FIXTURE_TEST_SUITE(cancellation, held_child)

BOOST_DATA_TEST_CASE_F(held_child, of_a_running_call, boost::unit_test::data::xrange(3), level) {
  BOOST_TEST_CONTEXT(names[level]) {
    cancellable held = hold();
    door.wait_for_one();
    held.cancel(levels[level]);
    const bool possible = levels[level] != cancellation_type::total;
    BOOST_TEST(held.ended() == possible);
    door.open();
    BOOST_TEST((possible ? held.aborted() : held.result() == 1));
    // The child lives, and the late answer is nobody else's.
    BOOST_TEST(run_so_far() == 1);
    BOOST_TEST(ctx.stats().open == 0u);
  }
}

BOOST_DATA_TEST_CASE_F(held_child, of_a_queued_call, boost::unit_test::data::xrange(3), level) {
  BOOST_TEST_CONTEXT(names[level]) {
    cancellable held = hold();
    door.wait_for_one();
    cancellable queued = count();
    cancellable after = count();
    queued.cancel(levels[level]);
    const bool possible = levels[level] != cancellation_type::total;
    door.open();
    BOOST_TEST(held.result() == 1);
    BOOST_TEST((possible ? queued.aborted() : queued.result() == 2));
    // A call that was withdrawn is skipped.
    BOOST_TEST(after.result() == (possible ? 2 : 3));
  }
}

BOOST_DATA_TEST_CASE_F(held_child, of_an_unsent_call, boost::unit_test::data::xrange(3), level) {
  BOOST_TEST_CONTEXT(names[level]) {
    cancellable held = hold();
    door.wait_for_one();
    auto filling = fill();
    cancellable unsent = count();
    unsent.cancel(levels[level]);
    BOOST_TEST(unsent.aborted());
    door.open();
    BOOST_TEST(held.result() == 1);
    for (auto& each : filling) BOOST_TEST(get(std::move(each)) == 1024u * 1024u);
    BOOST_TEST(run_so_far() == 1);
  }
}

BOOST_DATA_TEST_CASE_F(held_child, after_the_end_nothing_happens, boost::unit_test::data::xrange(3),
                       level) {
  cancellable done = count();
  BOOST_TEST(run_so_far() == 1);
  done.cancel(levels[level]);
  BOOST_TEST(done.result() == 1);
  done.cancel(levels[level]);
  BOOST_TEST(run_so_far() == 1);
}

BOOST_AUTO_TEST_CASE(objects_of_abandoned_calls_are_freed) {
  struct counted {
    counted() { ++calls_run; }
    counted(const counted&) = delete;
    ~counted() { --calls_run; }
  };
  cancellable making([&](auto token) {
    ctx.call(
        [](const std::string& where) {
          gate::pass(where);
          return std::make_unique<counted>();
        },
        path, std::move(token));
  });
  door.wait_for_one();
  making.cancel(cancellation_type::terminal);
  BOOST_TEST(making.aborted());
  door.open();
  const auto limit = std::chrono::steady_clock::now() + hard_limit;
  while (run_so_far() != 0 && std::chrono::steady_clock::now() < limit) {
  }
  BOOST_TEST(run_so_far() == 0);
}

BOOST_AUTO_TEST_CASE(many_calls_withdrawn_in_any_order) {
  cancellable held = hold();
  door.wait_for_one();
  std::vector<cancellable> calls;
  for (int i = 0; i != 300; ++i) calls.push_back(count());
  for (std::size_t i = 0; i != calls.size(); ++i)
    if (i % 3 != 0) calls[(i * 7) % 300].cancel(cancellation_type::terminal);
  door.open();
  BOOST_TEST(held.result() == 1);
  int aborted = 0, answered = 0;
  for (cancellable& each : calls) {
    try {
      each.result();
      ++answered;
    } catch (const asio_system_error& error) {
      BOOST_TEST((error.code() == asio::error::operation_aborted));
      ++aborted;
    }
  }
  BOOST_TEST(aborted == 200);
  BOOST_TEST(answered == 100);
  BOOST_TEST(run_so_far() == 101);
}

BOOST_AUTO_TEST_CASE(of_waiting_for_start_and_stop) {
  // A child that is held cannot stop.
  context_options patient;
  patient.stop_grace = hard_limit;
  ctx = context(shared_io(), patient);
  cancellable held = hold();
  door.wait_for_one();
  cancellable stopping([&](auto token) { ctx.stop(std::move(token)); });
  stopping.cancel(cancellation_type::terminal);
  BOOST_TEST(stopping.aborted());
  door.open();
  BOOST_TEST(held.result() == 1);
}

BOOST_AUTO_TEST_CASE(of_a_coroutine) {
  asio::cancellation_signal signal;
  const auto body = [this]() -> asio::awaitable<void> { co_await ctx.call<&gate::pass>(path); };
  std::promise<std::exception_ptr> ended;
  asio::co_spawn(shared_io(), body,
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr error) { ended.set_value(error); }));
  door.wait_for_one();
  asio::post(shared_io(), [&] { signal.emit(cancellation_type::terminal); });
  const std::exception_ptr error = get(ended.get_future());
  BOOST_TEST((error_of(error).code == make_error_code(asio::error::operation_aborted)));
  BOOST_TEST((error_of(error).origin == error_info::source::other));
  door.open();
  BOOST_TEST(run_so_far() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
