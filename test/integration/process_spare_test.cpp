// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The child that a fork server has forked before anybody wants it.
#include "process/process_handle.hpp"
#include "process_fixture.hpp"
#include "support/spare.hpp"

#include <sys/resource.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(process_spare_test)

using namespace process_test;

BOOST_AUTO_TEST_CASE(nobody_has_wanted_a_child) {
  application app;
  app.settle();
  const child command = app.start({.command = {"/bin/cat"}});
  app.settle();
  for (const int fd : open_descriptors(app.server.pid)) BOOST_TEST(fd < 5);
  process::kill_process(command.pidfd.get(), SIGKILL);
  app.wait_for_exit(command);
}

void becomes_the_next_child(start_method method) {
  application app;
  const child first = app.start();
  const pid_t spare = spare_of(app.server.pid);
  const std::string there = std::filesystem::temp_directory_path().string();
  const child second = app.start({.method = method,
                                  .memory_limit = std::uint64_t{1} << 40,
                                  .cpu_limit = 1000,
                                  .core_dumps = true,
                                  .environment = {"GLOVEBOX_TEST_WORD=said"},
                                  .directory = there,
                                  .arguments = {"one"}});
  BOOST_TEST(second.pid == spare);
  BOOST_TEST(second.ask("pid") == std::to_string(spare));
  BOOST_TEST(glovebox::test::name_of(spare) == "glovebox-child");
  BOOST_TEST(second.ask("group") == "own");
  BOOST_TEST(second.ask("variable GLOVEBOX_TEST_WORD") == "said");
  BOOST_TEST(std::filesystem::read_symlink("/proc/" + std::to_string(spare) + "/cwd") ==
             std::filesystem::canonical(there));
  BOOST_TEST(second.ask("limit " + std::to_string(RLIMIT_CPU)) == "1000");
  BOOST_TEST(second.ask("status SigBlk") == "0000000000000000");
  BOOST_TEST(stray_descriptors(second.ask("descriptors")) == "");
  BOOST_TEST(stray_descriptors(first.ask("descriptors")) == "");
  second.tell("exit 3");
  BOOST_TEST(is_exit(app.wait_for_exit(second), 3));
  // And there is another one.
  BOOST_TEST(spare_of(app.server.pid) != spare);
  BOOST_TEST(first.ask("group") == "own");
}

BOOST_AUTO_TEST_CASE(it_becomes_the_next_child) {
  becomes_the_next_child(start_method::forkserver);
  becomes_the_next_child(start_method::spawn);
}

BOOST_AUTO_TEST_CASE(a_step_that_fails) {
  application app;
  const child first = app.start();
  const pid_t spare = spare_of(app.server.pid);
  const child second = app.start({.directory = "/nonexistent"});
  BOOST_TEST(second.pid == spare);
  BOOST_TEST(is_exit(app.wait_for_exit(second), 127));
  BOOST_TEST(second.recorder->start_errno == static_cast<std::uint32_t>(ENOENT));
}

BOOST_AUTO_TEST_CASE(it_was_killed) {
  application app;
  const child first = app.start();
  const pid_t spare = spare_of(app.server.pid);
  const unique_fd process = watch(spare);
  process::kill_process(process.get(), SIGKILL);
  BOOST_TEST(ended(process.get()));
  app.settle();
  BOOST_TEST(!std::filesystem::exists("/proc/" + std::to_string(spare)));
  for (const int fd : open_descriptors(app.server.pid)) BOOST_TEST(fd < 5);
  const child second = app.start();
  BOOST_TEST(second.pid != spare);
  BOOST_TEST(second.ask("group") == "own");
  BOOST_TEST(stray_descriptors(second.ask("descriptors")) == "");
  BOOST_TEST(spare_of(app.server.pid) != spare);
}

// It is a child like any other by then.
BOOST_AUTO_TEST_CASE(it_does_not_answer) {
  application app;
  const child first = app.start();
  const unique_fd spare = watch(spare_of(app.server.pid));
  process::kill_process(spare.get(), SIGSTOP);
  const child second = app.start();
  process::kill_process(second.pidfd.get(), SIGKILL);
  BOOST_TEST(is_kill(app.wait_for_exit(second), SIGKILL));
  BOOST_TEST(ended(spare.get()));
  BOOST_TEST(app.start().ask("group") == "own");
}

// Neither as an orphan nor with another child.
BOOST_AUTO_TEST_CASE(it_outlives_children) {
  application app;
  const child first = app.start(), second = app.start();
  const pid_t spare = spare_of(app.server.pid);
  const unique_fd orphan = watch(std::stoi(first.ask("daemonise")));
  first.tell("exit 1");
  app.wait_for_exit(first);
  BOOST_TEST(ended(orphan.get()));
  BOOST_TEST(spare_of(app.server.pid) == spare);
  BOOST_TEST(app.start().pid == spare);
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_server) {
  unique_fd spare, killed_servers;
  {
    application app;
    const child first = app.start();
    spare = watch(spare_of(app.server.pid));
  }
  BOOST_TEST(ended(spare.get()));
  application app;
  const child first = app.start();
  killed_servers = watch(spare_of(app.server.pid));
  process::kill_process(app.server.pidfd.get(), SIGKILL);
  BOOST_TEST(ended(killed_servers.get()));
}

BOOST_AUTO_TEST_SUITE_END()
