// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Starts that go wrong in rarer ways.
#include "integration/gate.hpp"
#include "integration/helper_programs.hpp"
#include "integration/life.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

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

/// A fork server that is held as soon as it has forked, until this is gone.
class held_server {
 public:
  explicit held_server(pid_t server) : pid_(server) {
    if (::ptrace(PTRACE_SEIZE, pid_, nullptr, PTRACE_O_TRACEFORK) != 0)
      throw std::system_error(errno, std::generic_category(), "ptrace");
  }
  held_server(const held_server&) = delete;
  held_server& operator=(const held_server&) = delete;
  ~held_server() { let_go(); }

  /// The process that it has forked, which goes on.
  pid_t wait_for_fork() const {
    int status = stop_of(pid_);
    while (status >> 16 == 0) {  // a signal, which is the server's
      ::ptrace(PTRACE_CONT, pid_, nullptr, WSTOPSIG(status));
      status = stop_of(pid_);
    }
    unsigned long forked = 0;
    ::ptrace(PTRACE_GETEVENTMSG, pid_, nullptr, &forked);
    stop_of(static_cast<pid_t>(forked));
    ::ptrace(PTRACE_DETACH, static_cast<pid_t>(forked), nullptr, nullptr);
    return static_cast<pid_t>(forked);
  }
  void let_go() {
    ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);  // again: no harm
  }

 private:
  static int stop_of(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
      throw std::logic_error("a traced process has not stopped");
    return status;
  }

  pid_t pid_;
};

boost::test_tools::assertion_result may_trace(boost::unit_test::test_unit_id) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  boost::test_tools::assertion_result may(::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0);
  if (!may) may.message() << "ptrace(2) is not permitted here";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  return may;
}

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

BOOST_AUTO_TEST_CASE(whoever_has_a_reply_can_ask_who_the_child_is,
                     *boost::unit_test::precondition(may_trace)) {
  const context first(io);
  ending server_pid, second;
  first.call<&parent_pid>(into(server_pid));
  run_until_over(io, server_pid);
  const process_watch spare(spare_of(server_pid.value));
  spare.send(SIGKILL);  // it would be the next child, and no fork would hold the server
  BOOST_REQUIRE(spare.ends());
  held_server server(server_pid.value);
  const context fast(io);
  const gate held;
  int told = -1;
  fast.call<&echo>(5, [&](std::exception_ptr, int) { told = fast.pid(); });
  fast.call<&pass_gate>(held.path(), 1, into(second));
  const pid_t child = server.wait_for_fork();
  io.restart();
  io.poll();  // the calls are sent
  held.wait_for_one();
  for (int i = 0; i != 3; ++i) io.poll();  // the first reply is there
  server.let_go();
  held.open();
  run_until_over(io, second);
  BOOST_TEST(told == child);
  BOOST_TEST(second.value == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace starting_test
