// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Starts that go wrong in rarer ways.
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace starting_test {

using namespace life;
using glovebox::context;
using glovebox::context_options;

// ---- in the child

int print_much(int lines) {
  for (int i = 0; i != lines; ++i) std::puts("a line that somebody may read");
  return std::fflush(stdout) == 0 ? lines : -1;
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

// The fork server is so slow that the context is gone when it starts the child, which never looks
// at its channel.
BOOST_AUTO_TEST_CASE(a_child_that_nobody_wants_any_more_and_that_hangs) {
  const context first(io);
  ending server_pid, call, awake;
  first.call<&parent_pid>(into(server_pid));
  run_until_over(io, server_pid);
  const process_watch server(server_pid.value);
  server.send(SIGSTOP);
  context_options options;
  options.method = glovebox::start_method::spawn;
  options.environment = {hang_at_start};
  const context late(io, options);
  late.call<&print_much>(1, into(call));
  late.kill();
  run_until_over(io, call);
  server.send(SIGCONT);
  // The server does one thing after the other: when this child has started, the late one has, too.
  const context next(io);
  next.call<&echo>(5, into(awake));
  run_until_over(io, awake);
  BOOST_TEST(eventually([&] {
    io.restart();
    io.poll();
    return children_of(server_pid.value).size() == 2;  // the first and the next
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace starting_test
