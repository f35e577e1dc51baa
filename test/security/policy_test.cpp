// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The mechanisms of a jail one by one, in processes forked for it.
#include "policy/capabilities.hpp"
#include "policy/jail.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>

namespace policy_test {

using namespace glovebox::policy;
using glovebox::transport::unique_fd;

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(::geteuid() == 0);
  result.message() << "needs root";
  return result;
}

/// The exit code of a process that runs it; 100 when it throws.
int exit_code_of(const std::function<int()>& what) {
  std::cout.flush();  // or both would write what is in there
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      ::_exit(what());
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      ::_exit(100);
    }
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

BOOST_AUTO_TEST_SUITE(policy)

BOOST_AUTO_TEST_CASE(capabilities_are_read_and_dropped, *boost::unit_test::precondition(as_root)) {
  BOOST_TEST(exit_code_of([] {
               capability_sets before, after;
               if (!read_capabilities(before) || before.effective == 0 || before.bounding == 0)
                 return 1;
               if (!drop_bounding_capabilities() || !read_capabilities(after)) return 2;
               if (after.bounding != 0 || after.ambient != 0) return 3;
               if (after.effective != before.effective) return 4;
               if (!drop_own_capabilities() || !read_capabilities(after)) return 5;
               return after == capability_sets{} ? 0 : 6;
             }) == 0);
}

BOOST_AUTO_TEST_CASE(descriptors_are_closed_but_for_those_kept) {
  BOOST_TEST(exit_code_of([] {
               // Also one beyond what this process may open now.
               rlimit limit;
               ::getrlimit(RLIMIT_NOFILE, &limit);
               const int null = ::open("/dev/null", O_RDONLY);
               const int far = ::fcntl(null, F_DUPFD, 900);
               const int near = ::fcntl(null, F_DUPFD, 30);
               limit.rlim_cur = 100;
               ::setrlimit(RLIMIT_NOFILE, &limit);
               const int kept[] = {near + 1 == ::dup2(null, near + 1) ? near + 1 : -1, 20};
               ::dup2(null, 20);
               close_descriptors(kept, {});
               const auto open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
               if (!open(0) || !open(1) || !open(2)) return 1;
               if (!open(20) || !open(near + 1)) return 2;
               if (open(null) || open(far) || open(near)) return 3;
               return 0;
             }) == 0);
}

BOOST_AUTO_TEST_CASE(a_directory_is_not_kept) {
  BOOST_TEST(exit_code_of([] {
               const int directory = ::open("/", O_RDONLY | O_DIRECTORY);
               const int kept[] = {directory};
               try {
                 close_descriptors(kept, {});
               } catch (const jail_error& error) {
                 // Nothing was closed.
                 return ::fcntl(directory, F_GETFD) != -1 ? 0 : 2;
               }
               return 1;
             }) == 0);
}

BOOST_AUTO_TEST_CASE(a_terminal_is_given_up) {
  int master, slave;
  BOOST_REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
  const unique_fd owned_master(master), owned_slave(slave);
  const int code = exit_code_of([&] {
    // A session on that terminal, and a process in it that leads nothing, as children are.
    ::setsid();
    if (::ioctl(slave, TIOCSCTTY, 0) != 0) return 1;
    return exit_code_of([&] {
      for (int fd = 0; fd != 3; ++fd) ::dup2(slave, fd);
      if (unique_fd(::open("/dev/tty", O_RDWR)).get() < 0) return 2;
      leave_terminal();
      if (unique_fd(::open("/dev/tty", O_RDWR)).get() >= 0) return 3;
      char byte = 0;
      for (int fd = 0; fd != 3; ++fd)
        if (::read(fd, &byte, 1) != -1 || errno != EBADF) return 4;
      if (::geteuid() == 0 && ::setuid(54321) != 0) return 5;  // root may anyway
      if (::ioctl(STDOUT_FILENO, TIOCSTI, "x") == 0) return 6;
      return ::write(STDOUT_FILENO, "seen", 4) == 4 ? 0 : 7;
    });
  });
  BOOST_TEST(code == 0);
  pollfd readable{master, POLLIN, 0};
  BOOST_REQUIRE(::poll(&readable, 1, 0) == 1);
  char text[8] = {};
  BOOST_TEST(::read(master, text, sizeof text - 1) == 4);
  BOOST_TEST(std::string(text) == "seen");
}

BOOST_AUTO_TEST_CASE(no_way_back_once_inside, *boost::unit_test::precondition(as_root)) {
  BOOST_TEST(exit_code_of([] {
               const credentials wanted{54321, 54322};
               check_privileges(wanted);
               unique_fd root = open_root("/usr", wanted);
               enter_root(std::move(root), wanted);
               if (::getuid() != wanted.uid || ::getgid() != wanted.gid) return 1;
               if (::access("/lib", F_OK) != 0 || ::access("/usr", F_OK) == 0) return 2;
               int signal = 0;
               ::prctl(PR_GET_PDEATHSIG, &signal);
               return signal == SIGKILL ? 0 : 3;
             }) == 0);
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_ends_the_process, *boost::unit_test::precondition(as_root)) {
  // Without CAP_SETPCAP the bounding set cannot be dropped; by then the root has changed.
  BOOST_TEST(exit_code_of([] {
               unique_fd root = open_root("/usr", {54321, 54322});
               const unique_fd null(::open("/dev/null", O_WRONLY));
               ::dup2(null.get(), STDERR_FILENO);
               if (::setresuid(54321, 54321, 0) != 0 || ::seteuid(54321) != 0) return 1;
               enter_root(std::move(root), {54321, 54322});
               return 2;
             }) == 127);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace policy_test
