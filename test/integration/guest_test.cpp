// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Applications with habits of their own: a library that starts processes must live with them.
#include "integration/life.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace guest_test {

using namespace life;
using glovebox::cause;
using glovebox::context;
using glovebox::context_options;
using glovebox::process_terminated;
using glovebox::start_method;

int exit_now(int code) {
  std::exit(code);
}

/// Whether contexts work here: calls, a crash, an exit code, an orderly end.
void check_that_contexts_work(asio::io_context& io) {
  for (const auto method : {start_method::forkserver, start_method::spawn}) {
    context_options options;
    options.method = method;
    const context calls(io, options), crash(io, options), exit(io, options);
    ending answer, aborted, exited, stop;
    calls.call<&echo>(7, into(answer));
    crash.call<&abort_now>(0, into(aborted));
    exit.call<&exit_now>(3, into(exited));
    for (const ending* const each : {&answer, &aborted, &exited}) run_until_over(io, *each);
    BOOST_TEST(answer.value == 7);
    BOOST_TEST(aborted.info().cause == cause::signal);
    BOOST_TEST(aborted.info().signal_number == SIGABRT);
    BOOST_TEST(exited.info().cause == cause::exit);
    BOOST_TEST(exited.info().exit_code == 3);
    calls.stop(end_of(stop));
    run_until_over(io, stop);
    BOOST_TEST(!stop.failed());
    BOOST_TEST(calls.ended()->exit_code == 0);
  }
}

class signal_disposition {
 public:
  signal_disposition(int signal, int flags, void (*handler)(int)) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(signal, &action, &before_);
  }
  ~signal_disposition() { ::sigaction(signal_, &before_, nullptr); }
  signal_disposition(const signal_disposition&) = delete;
  signal_disposition& operator=(const signal_disposition&) = delete;

 private:
  int signal_;
  struct sigaction before_ {};
};

std::atomic<int> child_signals{0};
void count_signal(int) {
  ++child_signals;
}

/// Starts processes of its own and waits for any child at all, as shells and servers do.
class reaper {
 public:
  reaper() : thread_([this] { loop(); }) {}
  ~reaper() { stop(); }
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int own() const { return own_; }
  int foreign() const { return foreign_; }

 private:
  void loop() {
    while (!stopped_) {
      const pid_t mine = ::fork();
      if (mine == 0) ::_exit(7);
      // Blocks only when there is a child that lives: one that is not ours would block for long.
      for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended < 0) break;
        ++(ended == mine && WIFEXITED(status) && WEXITSTATUS(status) == 7 ? own_ : foreign_);
      }
      if (errno != ECHILD) ++foreign_;
    }
  }

  std::atomic<bool> stopped_{false};
  std::atomic<int> own_{0};
  std::atomic<int> foreign_{0};
  std::thread thread_;
};

BOOST_AUTO_TEST_SUITE(guests)

BOOST_AUTO_TEST_CASE(sigchld_ignored) {
  const signal_disposition ignored(SIGCHLD, 0, SIG_IGN);
  asio::io_context io;
  check_that_contexts_work(io);
}

BOOST_AUTO_TEST_CASE(sigchld_with_no_zombies) {
  const signal_disposition no_wait(SIGCHLD, SA_NOCLDWAIT, SIG_DFL);
  asio::io_context io;
  check_that_contexts_work(io);
}

BOOST_AUTO_TEST_CASE(sigchld_with_a_handler_hears_nothing) {
  const signal_disposition counted(SIGCHLD, SA_RESTART, count_signal);
  child_signals = 0;
  {
    asio::io_context io;
    check_that_contexts_work(io);
  }
  BOOST_TEST(child_signals == 0);
}

BOOST_AUTO_TEST_CASE(a_thread_that_loops_on_waitpid) {
  reaper other;
  {
    asio::io_context io;
    check_that_contexts_work(io);
    // Nothing of ours keeps it from going on.
    const int so_far = other.own();
    BOOST_TEST(eventually([&] { return other.own() > so_far + 2; }));
  }
  other.stop();
  BOOST_TEST(other.foreign() == 0);
}

BOOST_AUTO_TEST_CASE(contexts_started_by_a_thread_that_ends) {
  asio::io_context io;
  std::vector<context> made;
  std::thread([&] {
    for (const auto method : {start_method::forkserver, start_method::spawn}) {
      context_options options;
      options.method = method;
      made.emplace_back(io, options);
      make_ready(io, made.back());
    }
  }).join();
  const process_watch first(made[0].pid()), second(made[1].pid());
  for (int round = 0; round != 3; ++round) {
    for (const context& each : made) {
      ending call;
      each.call<&echo>(round, into(call));
      run_until_over(io, call);
      BOOST_TEST(!call.failed());
      BOOST_TEST(call.value == round);
    }
  }
  BOOST_TEST(first.alive());
  BOOST_TEST(second.alive());
  check_that_contexts_work(io);
}

BOOST_AUTO_TEST_CASE(an_io_context_on_four_threads) {
  constexpr int children = 4, calls_each = 500;
  asio::io_context io(4);
  std::atomic<int> answered{0}, failed{0}, crashed{0};
  {
    std::vector<context> all;
    for (int i = 0; i != children; ++i) all.emplace_back(io);
    const context victim(io);
    // Handlers make the next call, from whichever thread they run on.
    struct caller {
      const context& ctx;
      std::atomic<int>&answered, &failed;
      void next(int left) {
        if (left == 0) return;
        ctx.call<&echo>(left, [this, left](std::exception_ptr error, int value) {
          ++(error || value != left ? failed : answered);
          next(left - 1);
        });
      }
    };
    std::vector<std::unique_ptr<caller>> callers;
    for (const context& each : all)
      for (int i = 0; i != 5; ++i) {
        callers.push_back(std::make_unique<caller>(caller{each, answered, failed}));
        callers.back()->next(calls_each / 5);
      }
    for (int i = 0; i != 100; ++i)
      victim.call<&abort_now>(0, [&](std::exception_ptr error, int) {
        if (glovebox::error_of(error).origin == glovebox::error_info::source::glovebox) ++crashed;
      });
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) threads.emplace_back([&] { io.run(); });
    for (std::thread& each : threads) each.join();
  }
  BOOST_TEST(answered == children * calls_each);
  BOOST_TEST(failed == 0);
  BOOST_TEST(crashed == 100);
}

BOOST_AUTO_TEST_CASE(contexts_made_and_destroyed_on_four_threads) {
  asio::io_context io(4);
  std::atomic<int> over{0};
  constexpr int threads_count = 4, rounds = 15;
  std::vector<std::thread> threads;
  for (int i = 0; i != threads_count; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round != rounds; ++round) {
        const context ctx(io);
        for (int n = 0; n != 3; ++n) ctx.call<&echo>(n, [&](std::exception_ptr, int) { ++over; });
        if (round % 2 == 0) io.poll();
      }
    });
  for (std::thread& each : threads) each.join();
  run_until(io, [&] { return over == threads_count * rounds * 3; });
  run_to_the_end(io);
  BOOST_TEST(over == threads_count * rounds * 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace guest_test
