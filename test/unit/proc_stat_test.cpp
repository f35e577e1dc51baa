// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/proc_stat.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <string>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(proc_stat_test)

using glovebox::process::ending;
using glovebox::process::ending_in;
using glovebox::process::ending_of;

std::string stat_of(const std::string& name, const std::string& flags) {
  return "123 (" + name + ") S 1 123 123 0 -1 " + flags + " 140 0 0 0 0 0\n";
}

BOOST_AUTO_TEST_CASE(flags_of_a_process) {
  const std::string alive = "Name:\tchild\nCoreDumping:\t0\n";
  BOOST_TEST((ending_in(stat_of("child", "4194560"), alive) == ending::none));
  BOOST_TEST((ending_in(stat_of("child", "4194564"), alive) == ending::leaving));
  BOOST_TEST((ending_in(stat_of("child", "4195584"), alive) == ending::leaving));
  BOOST_TEST((ending_in(stat_of("child", "4194560"), "Name:\tchild\nCoreDumping:\t1\n") ==
              ending::dumping_core));
}

// A child chooses its name, and may be gone.
BOOST_AUTO_TEST_CASE(names_and_nothing) {
  for (const char* const name : {"", ")", "a) S 1 2 3 0 -1 4 1", "a b c d e f g h", "((("})
    BOOST_TEST((ending_in(stat_of(name, "4194560"), "") == ending::none), name);
  for (const char* const text :
       {"", "123", "123 (child", "123 (child)", "123 (child) S 1 123", "123 (child) S 1 2 3 4 5 x"})
    BOOST_TEST((ending_in(text, "") == ending::none), text);
}

BOOST_AUTO_TEST_CASE(of_real_processes) {
  const pid_t child = ::fork();
  if (child == 0)
    for (;;) ::pause();
  BOOST_TEST((ending_of(child) == ending::none));
  ::kill(child, SIGKILL);
  siginfo_t info{};
  BOOST_TEST_REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  BOOST_TEST((ending_of(child) == ending::leaving));
  ::waitpid(child, nullptr, 0);
  BOOST_TEST((ending_of(child) == ending::none));
}

BOOST_AUTO_TEST_SUITE_END()
