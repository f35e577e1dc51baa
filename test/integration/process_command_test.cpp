// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Programs that the fork server executes beside its children.
#include "process_fixture.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <boost/test/unit_test.hpp>

namespace process_test {
namespace {

// A file with this text, read from its beginning.
unique_fd file_with(std::string_view text) {
  unique_fd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0 ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    throw std::system_error(errno, std::generic_category(), "file_with");
  return file;
}

process::start_request shell(const std::string& script) {
  process::start_request request;
  request.command = {"/bin/sh", "-c", script, "name", "first", "second"};
  return request;
}

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(it_has_its_arguments_and_descriptors) {
  const unique_fd fifth = file_with("from the fifth"), sixth = file_with("from the sixth");
  application app;
  process::start_request request = shell(
      "echo $0 $1 $2 >&3\n"
      "echo $(cat <&5), $(cat <&6) >&3\n"
      "for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do\n"
      "  [ ! -e /proc/$$/fd/$n ] || found=$found$n\n"
      "done\n"
      "echo $found >&3; exit 7");
  request.extra_descriptors = 2;
  for (const start_method method : {start_method::forkserver, start_method::spawn}) {
    request.method = method;
    for (const unique_fd* file : {&fifth, &sixth}) ::lseek(file->get(), 0, SEEK_SET);
    const child c = app.start(request, {fifth.get(), sixth.get()});
    BOOST_TEST(c.line() == "name first second");
    BOOST_TEST(c.line() == "from the fifth, from the sixth");
    BOOST_TEST(c.line() == "0123456");
    BOOST_TEST(is_exit(app.wait_for_exit(c), 7));
    BOOST_TEST(ended(c.pidfd.get()));
  }
}

BOOST_AUTO_TEST_CASE(many_descriptors_keep_their_order) {
  std::vector<unique_fd> files;
  std::vector<int> numbers;
  for (int i = 0; i != 100; ++i) {
    files.push_back(file_with(std::to_string(i) + ' '));
    numbers.push_back(files.back().get());
  }
  application app;
  process::start_request request;
  request.command = {"/bin/cat"};
  std::string all;
  for (int i = 0; i != 100; ++i) {
    request.command.push_back("/proc/self/fd/" + std::to_string(5 + i));
    all += std::to_string(i) + ' ';
  }
  request.extra_descriptors = 100;
  request.has_stdout = true;
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd read_end(ends[0]);
  unique_fd write_end(ends[1]);
  numbers.insert(numbers.begin(), write_end.get());
  const child c = app.start(request, numbers);
  write_end.reset();
  BOOST_TEST(is_exit(app.wait_for_exit(c), 0));
  std::string text(all.size() + 1, '\0');
  const ssize_t size = ::read(read_end.get(), text.data(), text.size());
  BOOST_TEST_REQUIRE(size >= 0);
  BOOST_TEST(text.substr(0, static_cast<std::size_t>(size)) == all);
}

BOOST_AUTO_TEST_CASE(it_is_prepared_like_a_child) {
  std::signal(SIGUSR1, SIG_IGN);
  application app;
  std::signal(SIGUSR1, SIG_DFL);
  process::start_request request = shell(
      "echo $VALUE $(pwd) $(ulimit -c) $(ulimit -t) >&3\n"
      "grep SigIgn /proc/self/status >&3\n"
      "ulimit -v >&3\n"
      "read line <&3");
  request.environment = {"VALUE=a=b"};
  request.directory = "/usr";
  request.cpu_limit = 100;
  request.memory_limit = std::uint64_t{1} << 30;
  const child c = app.start(request);
  BOOST_TEST(c.line() == "a=b /usr 0 100");
  BOOST_TEST(c.line() == "SigIgn:\t0000000000000000");
  BOOST_TEST(std::stoull(c.line()) >= 1u << 20);  // KiB, or "unlimited", which throws
  BOOST_TEST(::getpgid(c.pid) == c.pid);
  c.tell("");
  BOOST_TEST(is_exit(app.wait_for_exit(c), 0));
}

BOOST_AUTO_TEST_CASE(it_keeps_off_a_processor_if_it_can) {
  const auto allowed = [](pid_t pid) {
    cpu_set_t set;
    BOOST_REQUIRE(::sched_getaffinity(pid, sizeof set, &set) == 0);
    return set;
  };
  const auto equal = [](const cpu_set_t& a, const cpu_set_t& b) { return CPU_EQUAL(&a, &b) != 0; };
  const cpu_set_t all = allowed(0);
  std::size_t first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t only_first, others = all;
  CPU_ZERO(&only_first);
  CPU_SET(first, &only_first);
  CPU_CLR(first, &others);

  application app;
  const auto allowed_to_command = [&](int avoided) {
    process::start_request request = shell("echo >&3; read line <&3");
    request.avoided_processor = avoided;
    const child c = app.start(request);
    c.line();
    const cpu_set_t set = allowed(c.pid);
    c.tell("");
    BOOST_TEST(is_exit(app.wait_for_exit(c), 0));
    return set;
  };
  const auto avoided = static_cast<int>(first);
  if (CPU_COUNT(&all) > 1) BOOST_TEST(equal(allowed_to_command(avoided), others));
  BOOST_TEST(equal(allowed(app.server.pid), all));  // it has gone back
  for (const int none : {-1, CPU_SETSIZE - 1, CPU_SETSIZE, std::numeric_limits<int>::max()})
    BOOST_TEST(equal(allowed_to_command(none), all));
  BOOST_REQUIRE(::sched_setaffinity(app.server.pid, sizeof only_first, &only_first) == 0);
  BOOST_TEST(equal(allowed_to_command(avoided), only_first));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_executed) {
  application app;
  for (const char* program : {"/nonexistent/program", "/etc/passwd", "/"}) {
    process::start_request request;
    request.command = {program};
    const child c = app.start(request);
    BOOST_TEST(is_exit(app.wait_for_exit(c), 127));
    BOOST_TEST(c.recorder->exec_errno == 0u);  // it could be any file
    BOOST_TEST(c.recorder->start_errno == 0u);
    BOOST_TEST(c.hung_up());
  }
  process::start_request request = shell("exit 0");
  request.directory = "/nonexistent";
  const child c = app.start(request);
  BOOST_TEST(is_exit(app.wait_for_exit(c), 127));
  BOOST_TEST(c.recorder->start_errno == 0u);
  BOOST_TEST(app.start().ask("group") == "own");
}

BOOST_AUTO_TEST_CASE(no_descriptors_left_for_it) {
  application app;
  app.settle();
  const rlimit few{12, 12};
  BOOST_REQUIRE(::prlimit(app.server.pid, RLIMIT_NOFILE, &few, nullptr) == 0);
  const unique_fd file = file_with("");
  process::start_request request = shell("exit 0");
  request.extra_descriptors = 3;  // they arrive, and there is no room for their copies
  const child c = app.start(request, {file.get(), file.get(), file.get()});
  BOOST_TEST(is_exit(app.wait_for_exit(c), 127));
  BOOST_TEST(c.recorder->start_errno == 0u);
  request.extra_descriptors = 4;
  const child wrong = app.request(request, {file.get()});
  BOOST_TEST(app.wait_for_failure(wrong.id).error == EINVAL);
}

BOOST_AUTO_TEST_CASE(it_ends_like_a_child) {
  application app;
  const auto start = [&app] {
    // One more process in its group.
    child c = app.start(shell("sleep 1000 & echo $! >&3; wait"));
    unique_fd other = watch(std::stoi(c.line()));
    return std::pair(std::move(c), std::move(other));
  };
  const auto [killed, its_own] = start();
  process::kill_process(killed.pidfd.get(), SIGKILL);
  BOOST_TEST(is_kill(app.wait_for_exit(killed), SIGKILL));
  BOOST_TEST(ended(its_own.get()));

  const auto [left, lefts_own] = start();
  app.server.control.reset();
  BOOST_TEST(ended(left.pidfd.get()));
  BOOST_TEST(ended(lefts_own.get()));

  application killed_server;
  const child orphan = killed_server.start(shell("echo >&3; exec sleep 1000"));
  orphan.line();
  process::kill_process(killed_server.server.pidfd.get(), SIGKILL);
  BOOST_TEST(ended(orphan.pidfd.get()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace process_test
