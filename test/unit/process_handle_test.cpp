// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/process_handle.hpp"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <optional>
#include <utility>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(process_handle_test)

using glovebox::process::process_handle;
using glovebox::transport::unique_fd;
namespace process = glovebox::process;

unique_fd pidfd_of(pid_t pid) {
  return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u)));
}

/// A child that waits for its end.
struct waiting_child {
  pid_t pid;

  waiting_child() : pid(::fork()) { wait_in_child(); }
  /// With this number, which must not be in use. `pid` is -1 where numbers cannot be chosen.
  explicit waiting_child(pid_t number) {
    clone_args how{};
    how.exit_signal = SIGCHLD;
    how.set_tid = reinterpret_cast<std::uintptr_t>(&number);
    how.set_tid_size = 1;
    pid = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
    wait_in_child();
  }
  void wait_in_child() const {
    while (pid == 0) ::pause();
  }
  void await_end() const {
    siginfo_t info{};
    BOOST_TEST_REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  }
  void reap() { ::waitpid(std::exchange(pid, -1), nullptr, 0); }
  ~waiting_child() {
    if (pid < 0) return;
    ::kill(pid, SIGKILL);
    reap();
  }
};

/// The ways to tell processes apart that there are here.
struct way {
  const char* name;
  process::identify how;
  friend std::ostream& operator<<(std::ostream& out, const way& w) { return out << w.name; }
};
const way ways[] = {{"best", nullptr}, {"start time", &process::start_time}};

BOOST_DATA_TEST_CASE(holds_no_descriptor, ways, how) {
  waiting_child child;
  const process_handle handle(child.pid, pidfd_of(child.pid), how.how);
  BOOST_TEST(static_cast<bool>(handle));
  BOOST_TEST(!handle.keeps_descriptor());
  BOOST_TEST(!handle.has_ended());
  {
    const process_handle::opened opened = handle.open();
    BOOST_TEST_REQUIRE(static_cast<bool>(opened));
    BOOST_TEST(!process::has_ended(opened.get()));
  }
  BOOST_TEST(process::kill_process(handle.open().get(), SIGSTOP));
  int status = 0;
  ::waitpid(child.pid, &status, WUNTRACED);
  BOOST_TEST(WIFSTOPPED(status));
  BOOST_TEST(handle.end());
  child.await_end();
  BOOST_TEST(handle.has_ended());
  BOOST_TEST(static_cast<bool>(handle.open()));  // not reaped yet
  child.reap();
  BOOST_TEST(handle.has_ended());
  BOOST_TEST(!handle.open());
  BOOST_TEST(errno == ESRCH);
  BOOST_TEST(!handle.end());
  BOOST_TEST(errno == ESRCH);
}

pid_t unused_number() {
  waiting_child child;
  ::kill(child.pid, SIGKILL);
  const pid_t number = child.pid;
  child.reap();
  return number;
}

boost::test_tools::assertion_result numbers_can_be_chosen(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result can(waiting_child(unused_number()).pid > 0);
  can.message() << "needs CAP_SYS_ADMIN, to choose the number of a process";
  return can;
}

/// In the unit in which the kernel tells when a process started.
long ticks() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 100 + now.tv_nsec / 10'000'000;
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(numbers_can_be_chosen))
BOOST_DATA_TEST_CASE(leaves_another_process_with_its_number_alone, ways, how) {
  waiting_child child;
  const long begun = ticks();
  const process_handle handle(child.pid, pidfd_of(child.pid), how.how);
  BOOST_TEST(!handle.keeps_descriptor());
  BOOST_TEST(handle.end());
  const pid_t number = child.pid;
  child.reap();
  while (ticks() <= begun) {
  }
  const waiting_child other(number);
  BOOST_TEST_REQUIRE(other.pid == number);
  BOOST_TEST(handle.has_ended());
  BOOST_TEST(!handle.open());
  BOOST_TEST(errno == ESRCH);
  BOOST_TEST(!handle.end());
  BOOST_TEST(errno == ESRCH);
  BOOST_TEST(::waitpid(number, nullptr, WNOHANG) == 0);  // lives
}

std::optional<std::uint64_t> no_telling(pid_t, int) noexcept {
  return std::nullopt;
}

// Without /proc, on an old kernel.
BOOST_AUTO_TEST_CASE(keeps_what_it_could_not_find_again) {
  waiting_child child;
  const process_handle handle(child.pid, pidfd_of(child.pid), &no_telling);
  BOOST_TEST(handle.keeps_descriptor());
  BOOST_TEST(handle.end());
  child.await_end();
  child.reap();
  BOOST_TEST(handle.has_ended());
}

BOOST_DATA_TEST_CASE(a_number_of_another_namespace, ways, how) {
  waiting_child child, other;
  const process_handle handle(other.pid, pidfd_of(child.pid), how.how);
  BOOST_TEST(handle.keeps_descriptor());
  BOOST_TEST(handle.end());
  child.await_end();
  BOOST_TEST(handle.has_ended());
  BOOST_TEST(::waitpid(other.pid, nullptr, WNOHANG) == 0);  // lives
}

BOOST_DATA_TEST_CASE(without_descriptors, ways, how) {
  waiting_child child;
  const process_handle handle(child.pid, pidfd_of(child.pid), how.how);
  rlimit before{};
  BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool killed = handle.end();
  const int error = errno;
  const bool ended = handle.has_ended();
  ::setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST(!killed);
  BOOST_TEST(error == EMFILE);
  BOOST_TEST(!ended);
  BOOST_TEST(handle.end());
}

BOOST_AUTO_TEST_CASE(can_be_kept_open) {
  waiting_child child;
  process_handle handle(child.pid, pidfd_of(child.pid));
  handle.keep_open();
  BOOST_TEST(handle.keeps_descriptor());
  BOOST_TEST(handle.end());
  child.await_end();
  child.reap();
  BOOST_TEST(static_cast<bool>(handle.open()));
  BOOST_TEST(handle.has_ended());
  process_handle moved = std::move(handle);
  BOOST_TEST(!handle);  // NOLINT
  BOOST_TEST(moved.has_ended());
}

BOOST_AUTO_TEST_CASE(none_at_all) {
  process_handle none;
  BOOST_TEST(!none);
  none.keep_open();
  BOOST_TEST(!none.open());
  BOOST_TEST(!none.end());
  process::doomed_process nobody;
  nobody.end();
}

BOOST_AUTO_TEST_CASE(a_doomed_process_ends_with_its_owner) {
  waiting_child first, second;
  {
    process::doomed_process doomed(process_handle(first.pid, pidfd_of(first.pid)));
    BOOST_TEST(static_cast<bool>(doomed));
    doomed = process::doomed_process(process_handle(second.pid, pidfd_of(second.pid)));
    first.await_end();
    BOOST_TEST(::waitpid(second.pid, nullptr, WNOHANG) == 0);
  }
  second.await_end();
}

BOOST_AUTO_TEST_SUITE_END()
