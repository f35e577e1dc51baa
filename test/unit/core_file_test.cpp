// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/core_file.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>
#include <string>

BOOST_AUTO_TEST_SUITE(core_file_test)

using glovebox::process::core_path;
using glovebox::process::dumped_process;

const dumped_process dumped{.pid = 4711, .signal = 11, .directory = "/dumps", .name = "child"};

std::string path_of(std::string_view pattern, bool uses_pid = false) {
  return core_path(pattern, uses_pid, dumped).string();
}

BOOST_AUTO_TEST_CASE(where_core_files_are) {
  BOOST_TEST(path_of("core") == "/dumps/core");
  BOOST_TEST(path_of("core", true) == "/dumps/core.4711");
  BOOST_TEST(path_of("core.%p", true) == "/dumps/core.4711");
  BOOST_TEST(path_of("/var/crash/%e-%s-%P%%") == "/var/crash/child-11-4711%");
  BOOST_TEST(path_of("%u.%g") ==
             "/dumps/" + std::to_string(::getuid()) + '.' + std::to_string(::getgid()));
  BOOST_TEST(path_of("ends in %") == "/dumps/ends in %");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_known) {
  BOOST_TEST(path_of("|/usr/lib/systemd/systemd-coredump %P") == "");
  BOOST_TEST(path_of("core.%t") == "");
  BOOST_TEST(path_of("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
