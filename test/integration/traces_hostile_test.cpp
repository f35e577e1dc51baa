// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Children that lie about their crash, programs that should find something out and do not, and
// parents that go away or run out of descriptors meanwhile.
#include "integration/life.hpp"
#include "support/dice.hpp"
#include "support/faults.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace traces_hostile_test {

using namespace life;
using namespace glovebox;
namespace data = boost::unit_test::data;

// ---- in the child

// One with other threads waits until all of them were looked at.
int crash(int other_threads) {
  for (int i = 0; i != other_threads; ++i) std::thread(::pause).detach();
  std::raise(SIGSEGV);
  return 0;
}

int mark_and_crash(const std::string& file) {
  mark(file, 1);
  return crash(0);
}

int loop_for_ever(int n) {
  for (volatile bool on = true; on;) {
  }
  return n;
}

int wait_to_be_stopped(int n, std::stop_token stop) {
  std::mutex lock;
  std::condition_variable_any never;
  std::unique_lock held(lock);
  never.wait(held, stop, [] { return false; });
  return n;
}

// Fills the flight recorder with noise, or with what a crash would leave, and lives on.
int lie(unsigned seed) {
  std::ifstream maps("/proc/self/maps");
  std::mt19937 random(seed);
  for (std::string line; std::getline(maps, line);) {
    if (line.find("glovebox-recorder") == line.npos) continue;
    char* end = nullptr;
    auto* const from = reinterpret_cast<unsigned char*>(std::strtoull(line.c_str(), &end, 16));
    auto* const to = reinterpret_cast<unsigned char*>(std::strtoull(end + 1, nullptr, 16));
    for (unsigned char* at = from; at != to; ++at)
      // Many of the bytes are none, so that numbers are small now and then.
      *at = seed % 2 == 0 ? static_cast<unsigned char>(random()) : random() % 4 == 0;
  }
  ::shutdown(glovebox::test::channel_descriptor(), SHUT_WR);
  for (;;) ::pause();
}

// ---- in the parent

/// In place of the program that finds out where a child was.
class replaced_program {
 public:
  explicit replaced_program(const std::string& script) : path_(folder_.file("backtrace")) {
    std::ofstream(path_) << "#!/bin/sh\n" << script << '\n';
    ::chmod(path_.c_str(), 0700);
    ::setenv("GLOVEBOX_BACKTRACE", path_.c_str(), 1);
  }
  ~replaced_program() { ::unsetenv("GLOVEBOX_BACKTRACE"); }
  replaced_program(const replaced_program&) = delete;
  replaced_program& operator=(const replaced_program&) = delete;

 private:
  glovebox::test::temporary_directory folder_;
  std::string path_;
};

/// It never answers, and never ends by itself.
constexpr const char* silent = "exec sleep 1000000";

const std::vector<std::string> scripts{
    "exit 0",
    "exit 1",
    "exec 3>&-; exit 0",
    "printf c >&3",
    "printf 'this is no trace' >&6",
    "printf 'this is no trace' >&6; exec 3>&-; exec sleep 1000000",
    "cat /dev/zero >&6",
    "exec cat /dev/zero >&3",
    "kill -SEGV $$",
    silent,
};

context_options quickly_given_up() {
  context_options options;
  options.standard_error = output::capture;
  options.backtrace_timeout = std::chrono::milliseconds(300) * glovebox::test::time_scale;
  return options;
}
context_options never_given_up() {
  context_options options;
  options.standard_error = output::capture;
  options.backtrace_timeout = std::chrono::hours(1);
  return options;
}

/// A child whose crash is being looked at, for an hour.
std::shared_ptr<context> looked_at(asio::io_context& io, ending& call, int other_threads = 0) {
  const auto ctx = std::make_shared<context>(io, never_given_up());
  ctx->call<&crash>(other_threads, into(call));
  run_until(io, [&] { return ctx->state() == context_state::terminating; });
  BOOST_TEST(!call.over);
  return ctx;
}

BOOST_AUTO_TEST_SUITE(traces_hostile)

BOOST_DATA_TEST_CASE(a_program_that_is_of_no_use, data::make(scripts), script) {
  const replaced_program program(script);
  asio::io_context io;
  const context first(io, quickly_given_up());
  ending call;
  first.call<&crash>(0, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::signal);
  BOOST_TEST(call.info().signal_number == SIGSEGV);
  BOOST_TEST(call.info().threads.empty(), call.info().report());

  const context second(io, quickly_given_up());
  make_ready(io, second);
  ending server;
  second.call<&parent_pid>(into(server));
  run_until_over(io, server);
  ending hang;
  second.with({.timeout = soon, .grace = soon}).call<&loop_for_ever>(1, into(hang));
  run_until_over(io, hang);
  BOOST_TEST(hang.info().cause == cause::deadline);
  BOOST_TEST(hang.info().threads.empty(), hang.info().report());
  run_to_the_end(io);
  // Nor is it left behind.
  BOOST_TEST(eventually([&] { return children_of(server.value).empty(); }));
}

BOOST_DATA_TEST_CASE(a_child_that_lies, data::make(glovebox::test::seeds(12)), seed) {
  asio::io_context io;
  const context ctx(io, quickly_given_up());
  ending call;
  ctx.call<&lie>(seed, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::protocol_violation, call.info().report());
  ending next;
  const context another(io);
  another.call<&echo>(42, into(next));
  run_until_over(io, next);
  BOOST_TEST(next.value == 42);
}

BOOST_DATA_TEST_CASE(the_context_is_destroyed_meanwhile, data::make({0, 1}), other_threads) {
  const replaced_program program(silent);
  asio::io_context io;
  ending call;
  auto ctx = looked_at(io, call, other_threads);
  ctx.reset();
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::signal);
  BOOST_TEST(call.info().signal_number == SIGSEGV);
  run_to_the_end(io);
}

BOOST_AUTO_TEST_CASE(the_context_is_destroyed_in_its_own_handler) {
  asio::io_context io;
  ending call;
  auto ctx = std::make_unique<context>(io, quickly_given_up());
  ctx->call<&crash>(0, [&](std::exception_ptr error, int) {
    call = {.over = true, .error = std::move(error)};
    ctx.reset();
  });
  run_until_over(io, call);
  BOOST_TEST(call.info().signal_number == SIGSEGV);
  run_to_the_end(io);
}

BOOST_DATA_TEST_CASE(killed_and_stopped_meanwhile, data::make({0, 1}), other_threads) {
  const replaced_program program(silent);
  asio::io_context io;
  ending call, stopped;
  auto ctx = looked_at(io, call, other_threads);
  ctx->stop(end_of(stopped));
  ctx->kill();
  run_until_over(io, call);
  run_until_over(io, stopped);
  BOOST_TEST(call.info().cause == cause::signal);
  BOOST_TEST(call.info().signal_number == SIGSEGV);
  run_to_the_end(io);
}

// Its exit was known before anything else of it, and only what is dropped then has kept the end of
// its calls.
BOOST_DATA_TEST_CASE(ended_by_its_owner_when_its_exit_is_known, data::make({false, true}), kill) {
  if (glovebox::test::under_thread_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: ThreadSanitizer's own thread keeps the child until it was read");
    return;
  }
  const replaced_program program(silent);
  const glovebox::test::temporary_directory place;
  asio::io_context io;
  const context first(io);
  ending server, call;
  first.call<&parent_pid>(into(server));
  run_until_over(io, server);
  run_to_the_end(io);
  context_options options = never_given_up();
  options.method = start_method::spawn;  // takes long enough for the fork server to be heard first
  auto ctx = std::make_shared<context>(io, options);
  ctx->call<&mark_and_crash>(place.file("marks"), into(call));
  // Nothing is read until the child has come and gone.
  BOOST_TEST_REQUIRE(eventually([&] {
    return !marks(place.file("marks")).empty() && children_of(server.value).size() == 1;
  }));
  run_until(io, [&] { return ctx->state() == context_state::terminating; });
  while (io.poll() != 0) {  // all that has happened to it
  }
  BOOST_TEST(!call.over);
  if (kill)
    ctx->kill();
  else
    ctx.reset();
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::signal);
}

BOOST_DATA_TEST_CASE(the_io_context_stops_meanwhile, data::make({0, 1}), other_threads) {
  const replaced_program program(silent);
  asio::io_context io;
  ending call;
  const auto ctx = looked_at(io, call, other_threads);
  io.stop();
  io.run();
  BOOST_TEST(!call.over);
  io.restart();
  ctx->kill();
  run_until_over(io, call);
  BOOST_TEST(call.info().cause == cause::signal);
  BOOST_TEST(call.info().signal_number == SIGSEGV);
}

BOOST_AUTO_TEST_CASE(the_io_context_is_destroyed_meanwhile) {
  const replaced_program program(silent);
  const std::size_t before = open_descriptors();
  auto io = std::make_unique<asio::io_context>();
  ending call;
  const auto ctx = looked_at(*io, call);
  io.reset();
  BOOST_TEST(!call.over);
  BOOST_TEST(open_descriptors() <= before);
}

BOOST_AUTO_TEST_CASE(no_descriptor_is_left_to_look_with) {
  asio::io_context io;
  const context ctx(io, never_given_up());
  make_ready(io, ctx);
  rlimit limit{};
  BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{static_cast<rlim_t>(open_descriptors()), limit.rlim_max};
  BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  ending call;
  ctx.call<&crash>(0, into(call));
  run_until_over(io, call);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  BOOST_TEST(call.info().cause == cause::signal, call.info().report());
  BOOST_TEST(call.info().threads.empty());
}

// What grace saves is not looked at, and no program stays behind.
BOOST_AUTO_TEST_CASE(answers_within_the_grace) {
  asio::io_context io;
  const context ctx(io, never_given_up());
  std::size_t after_the_first = 0;
  for (int i = 0; i != 6; ++i) {
    ending call;
    ctx.with({.timeout = soon, .grace = patience}).call<&wait_to_be_stopped>(1, into(call));
    run_until_over(io, call);
    BOOST_TEST(call.as<call_timeout>().child_alive());
    run_to_the_end(io);
    if (i == 0) after_the_first = open_descriptors();
  }
  BOOST_TEST(open_descriptors() == after_the_first);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace traces_hostile_test
