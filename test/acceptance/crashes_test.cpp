// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Rows 19 and 20: ends of children, and what comes after them.
#include "acceptance/acceptance_fixture.hpp"
#include "support/faults.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include <boost/test/data/test_case.hpp>

BOOST_AUTO_TEST_SUITE(crashes_test)

using namespace glovebox;
using namespace glovebox::test;

BOOST_AUTO_TEST_SUITE(crashes)

// Every fault, with what the proxy's calls say of it.
BOOST_DATA_TEST_CASE(row_19_crashes, boost::unit_test::data::make(all_faults()), expected) {
  if (const std::string reason = ruled_out(expected); !reason.empty()) {
    BOOST_TEST_MESSAGE("left out: " << reason);
    return;
  }
  context_options options = acceptance_options();
  if (expected.needs_memory_limit) options.memory_limit = 64 * 1024 * 1024;
  const sync_context ctx{context(shared_io(), options)};
  const sync_proxy module = ctx.load_module("acceptance");
  const sync_proxy object = module.call<proxy>("Counter");
  call_options limits{.grace = std::chrono::milliseconds(1)};
  if (expected.hangs()) limits.run_timeout = std::chrono::milliseconds(60 * time_scale);
  const auto check = [&expected](const termination& info) {
    BOOST_TEST(to_string(info.cause) == to_string(expected.why), info.report());
    BOOST_TEST(info.signal_number == expected.signal, info.report());
    BOOST_TEST(info.exit_code == expected.exit_code, info.report());
    BOOST_TEST(to_string(info.phase) == to_string(phase::running), info.report());
    BOOST_TEST(to_string(info.culprit) == to_string(expected.blame), info.report());
    BOOST_TEST(info.method == "crash");
    BOOST_TEST(holds(info.arguments, {expected.name}));
    BOOST_TEST(info.pid > 0);
  };
  try {
    module.with(limits).call("crash", expected.name);
    BOOST_ERROR("the child survived: " + expected.name);
  } catch (const std::bad_alloc&) {
    BOOST_TEST(expected.survives);
    BOOST_TEST(module.call<int>("answer") == 42);
    return;
  } catch (const process_terminated& error) {
    BOOST_TEST(!expected.hangs());
    check(error.info());
  } catch (const call_timeout& error) {
    BOOST_TEST(expected.hangs());
    BOOST_TEST(!error.child_alive());
    check(error.info());
  }
  // At once, for the same child.
  BOOST_TEST((ctx.state() == context_state::terminated));
  BOOST_CHECK_THROW(object.call("value"), state_error);
}

BOOST_FIXTURE_TEST_CASE(row_19_calls_behind_the_crash_never_ran, with_module) {
  std::future<value> crash = module.async().call("crash", "abort", asio::use_future);
  std::future<int> behind = module.async().call<int>("answer", asio::use_future);
  BOOST_CHECK_THROW(test::get(std::move(crash)), process_terminated);
  try {
    test::get(std::move(behind));
    BOOST_ERROR("it ran");
  } catch (const process_terminated& error) {
    BOOST_TEST((error.phase() == phase::queued));
    BOOST_TEST((error.culprit() == culprit::no));
  }
}

/// A process that was there, watched until it is gone.
class watch {
 public:
  explicit watch(pid_t pid) : pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  bool there() const { return bool(pidfd_); }
  bool gone() const {
    return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), 0, nullptr, 0) != 0 && errno == ESRCH;
  }

 private:
  file_descriptor pidfd_;
};

BOOST_FIXTURE_TEST_CASE(row_19_a_grandchild_left_behind, with_module) {
  const watch daemon(module.call<pid_t>("daemonise"));
  BOOST_TEST_REQUIRE(daemon.there());
  BOOST_TEST(!daemon.gone());
  BOOST_CHECK_THROW(module.call("crash", "abort"), process_terminated);
  BOOST_TEST(eventually([&] { return daemon.gone(); }));
}

// ---- afterwards

BOOST_FIXTURE_TEST_CASE(row_20_after_a_crash, with_module) {
  const sync_proxy object = module.call<proxy>("Counter", 1);
  const sync_proxy of_class = module.get<proxy>("Counter");
  const auto items = module.call<proxy>("numbers", 10).iterate<int>();
  BOOST_CHECK_THROW(module.call("crash", "null_dereference"), process_terminated);
  BOOST_CHECK_THROW(object.call("value"), state_error);
  BOOST_CHECK_THROW(object.get("current"), state_error);
  BOOST_CHECK_THROW(object.set("current", 1), state_error);
  BOOST_CHECK_THROW(of_class.invoke(), state_error);
  BOOST_CHECK_THROW(object.str(), state_error);
  BOOST_CHECK_THROW(object.is_same(object), state_error);
  BOOST_CHECK_THROW(items.next(), process_terminated);  // why there are no more items
  BOOST_CHECK_THROW(ctx.load_module("acceptance"), state_error);
  BOOST_TEST(ctx.ended()->signal_number == SIGSEGV);
  // Handles of another child are of no use there, and go without a trace.
  const sync_context next{context(shared_io(), acceptance_options())};
  const sync_proxy fresh = next.load_module("acceptance");
  BOOST_CHECK_THROW(fresh.call("same", object), codec_error);
  BOOST_TEST(fresh.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_20_proxies_outlive_everything) {
  sync_proxy module, object;
  {
    const sync_context ctx{context(shared_io(), acceptance_options())};
    module = ctx.load_module("acceptance");
    object = module.call<proxy>("Counter");
  }
  BOOST_CHECK_THROW(object.call("value"), state_error);
  BOOST_CHECK_THROW(module.call("answer"), state_error);
  object = {};
  module = {};
}

BOOST_AUTO_TEST_CASE(row_20_never_started_or_moved_from) {
  BOOST_CHECK_THROW(sync_context().load_module("acceptance"), state_error);
  context first(shared_io(), acceptance_options());
  const context second = std::move(first);
  BOOST_CHECK_THROW(sync(first).load_module("acceptance"), state_error);
  sync_proxy module = sync(second).load_module("acceptance");
  BOOST_TEST(module.call<int>("answer") == 42);
  const sync_proxy moved = std::move(module);
  BOOST_CHECK_THROW(module.call("answer"), state_error);
  BOOST_TEST(moved.call<int>("answer") == 42);
  BOOST_CHECK_THROW(sync_proxy().get("version"), state_error);
}

BOOST_FIXTURE_TEST_CASE(row_20_after_stop, with_module) {
  ctx.stop();
  BOOST_CHECK_THROW(module.call("answer"), state_error);
  BOOST_CHECK_THROW(ctx.load_module("acceptance"), state_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
