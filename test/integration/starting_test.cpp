// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Starts that go wrong in rarer ways, or come too late.
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace starting_test {

using namespace life;
using glovebox::cause;
using glovebox::context;
using glovebox::context_options;
using glovebox::phase;
using glovebox::process_terminated;

// ---- in the child

int print_much(int lines) {
  for (int i = 0; i != lines; ++i) std::puts("a line that somebody may read");
  return std::fflush(stdout) == 0 ? lines : -1;
}

int mark_and_stay(const std::string& file) {
  mark(file, 1);
  wait_for_ever();
}

// ---- in the parent

struct world {
  asio::io_context io;
  temporary_directory place;
};

BOOST_FIXTURE_TEST_SUITE(starting, world)

BOOST_AUTO_TEST_CASE(a_host_that_is_not_there) {
  // A program without glovebox::init, whose children would run this host.
  const std::string host = place.file("no-such-host");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("GLOVEBOX_HOST", host.c_str(), 1);
    ::execl(uninitialised_program, uninitialised_program, host.c_str(), nullptr);
    ::_exit(99);
  }
  int status = -1;
  BOOST_TEST(::waitpid(pid, &status, 0) == pid);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

BOOST_AUTO_TEST_CASE(captured_standard_output_is_taken_from_the_child) {
  context_options options;
  options.standard_output = glovebox::output::capture;
  const context ctx(io, options);
  // More than a pipe holds.
  ending call;
  ctx.call<&print_much>(10'000, into(call));
  run_until_over(io, call);
  BOOST_TEST(!call.failed());
  BOOST_TEST(call.value == 10'000);
}

// The fork server is so slow that the context has given the child up when it starts. It must not
// run calls that were reported as never started, and not live on.
void start_late(world& here, const std::function<void(std::optional<context>&)>& give_up,
                const context_options& options) {
  const std::string file = here.place.file("marks");
  const context first(here.io);
  ending server_pid, call, awake;
  first.call<&parent_pid>(into(server_pid));
  run_until_over(here.io, server_pid);
  const process_watch server(server_pid.value);
  server.send(SIGSTOP);
  std::optional<context> late(std::in_place, here.io, options);
  late->call<&mark_and_stay>(file, into(call));
  give_up(late);
  run_until_over(here.io, call);
  server.send(SIGCONT);
  BOOST_TEST(call.as<process_terminated>().phase() == phase::queued);
  // The server does one thing after the other: when this child has started, the late one has, too.
  const context next(here.io);
  next.call<&echo>(5, into(awake));
  run_until_over(here.io, awake);
  BOOST_TEST(eventually([&] {
    here.io.restart();
    here.io.poll();
    return children_of(server_pid.value).size() == 2;  // the first and the next
  }));
  BOOST_TEST(marks(file).empty());
}

BOOST_AUTO_TEST_CASE(killed_long_before_it_starts) {
  start_late(*this, [](std::optional<context>& late) { late->kill(); }, {});
}
BOOST_AUTO_TEST_CASE(destroyed_long_before_it_starts) {
  start_late(*this, [](std::optional<context>& late) { late.reset(); }, {});
}
BOOST_AUTO_TEST_CASE(started_after_its_start_timeout) {
  context_options options;
  options.start_timeout = soon;
  start_late(
      *this, [](std::optional<context>&) {}, options);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace starting_test
