// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Children of the fork server: how they start, what they find, and how their ends are reported.
#include "process/markers.hpp"
#include "process/server.hpp"
#include "process_fixture.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace glovebox {
static std::ostream& operator<<(std::ostream& out, start_method method) {
  return out << (method == start_method::spawn ? "spawn" : "forkserver");
}
}  // namespace glovebox

namespace process_test {
namespace {

namespace data = boost::unit_test::data;

const auto both_methods = data::make({start_method::forkserver, start_method::spawn});

// Everything that is left in a pipe whose writers are gone.
std::string read_all(int fd) {
  std::string text;
  for (char letter; readable(fd) && ::read(fd, &letter, 1) == 1;) text.push_back(letter);
  return text;
}

std::pair<unique_fd, unique_fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

BOOST_AUTO_TEST_SUITE(starting)

BOOST_DATA_TEST_CASE(a_child_runs_and_returns, both_methods, method) {
  application app;
  const child c = app.start(method);
  BOOST_TEST(c.ask("pid") == std::to_string(c.pid));
  BOOST_TEST(c.ask("group") == "own");
  BOOST_TEST(c.recorder->last_started == 2u);
  c.tell("return");
  const auto status = app.wait_for_exit(c);
  BOOST_TEST(is_exit(status, 0));
  BOOST_TEST(status.usage.peak_memory > 100'000u);
  BOOST_TEST(status.usage.peak_memory < std::uint64_t{64} << 30);
  BOOST_TEST(ended(c.pidfd.get()));
}

BOOST_DATA_TEST_CASE(exit_codes, both_methods* data::make({0, 7, 255}), method, code) {
  application app;
  const child c = app.start(method);
  c.tell("exit " + std::to_string(code));
  BOOST_TEST(is_exit(app.wait_for_exit(c), code));
}

BOOST_DATA_TEST_CASE(signals,
                     both_methods* data::make({SIGSEGV, SIGABRT, SIGKILL, SIGTERM, SIGRTMAX}),
                     method, signal) {
  application app;
  const child c = app.start(method);
  c.tell("raise " + std::to_string(signal));
  BOOST_TEST(is_kill(app.wait_for_exit(c), signal));
}

BOOST_DATA_TEST_CASE(killed_through_its_pidfd, both_methods, method) {
  application app;
  const child c = app.start(method);
  BOOST_TEST(process::kill_process(c.pidfd.get(), SIGKILL));
  BOOST_TEST(is_kill(app.wait_for_exit(c), SIGKILL));
  BOOST_TEST(!process::kill_process(c.pidfd.get(), SIGKILL));
  BOOST_TEST(errno == ESRCH);
}

BOOST_DATA_TEST_CASE(an_exception_that_leaves_its_main, both_methods, method) {
  application app;
  const child c = app.start(method);
  c.tell("throw");
  BOOST_TEST(is_kill(app.wait_for_exit(c), SIGABRT));
}

BOOST_AUTO_TEST_CASE(the_kernel_itself_knows_the_exit) {
  application app;
  const child c = app.start();
  BOOST_TEST(!process::exit_from_pidfd(c.pidfd.get()).has_value());  // lives
  c.tell("exit 7");
  app.wait_for_exit(c);
  const auto status = process::exit_from_pidfd(c.pidfd.get());
  const child killed = app.start();
  process::kill_process(killed.pidfd.get(), SIGKILL);
  app.wait_for_exit(killed);
  const auto killed_status = process::exit_from_pidfd(killed.pidfd.get());
  if (!status && !killed_status) {
    BOOST_TEST_MESSAGE("skipped: this kernel has no PIDFD_GET_INFO with the exit (6.15)");
    return;
  }
  BOOST_REQUIRE((status && killed_status));
  BOOST_TEST(is_exit(*status, 7));
  BOOST_TEST(is_kill(*killed_status, SIGKILL));
  BOOST_TEST(!process::exit_from_pidfd(STDERR_FILENO).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(what_a_child_finds)

BOOST_DATA_TEST_CASE(descriptors, both_methods, method) {
  // One that is inherited by everything but a fork server.
  const unique_fd stray(::open("/dev/null", O_RDONLY));
  application app;
  const child first = app.start(method);
  const child second = app.start(method);  // must not have the first one's
  BOOST_TEST(stray_descriptors(second.ask("descriptors")) == "");
  BOOST_TEST(second.ask("link /proc/self/fd/0") == "/dev/null");
}

BOOST_DATA_TEST_CASE(standard_streams, both_methods, method) {
  application app;
  auto [out_read, out_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  const child c = app.start({.method = method, .has_stdout = true, .has_stderr = true},
                            {out_write.get(), err_write.get()});
  out_write.reset();
  err_write.reset();
  c.ask("print hello");
  c.tell("return");
  app.wait_for_exit(c);
  // Ends only when nobody else, the server included, holds the other end.
  BOOST_TEST(read_all(out_read.get()) == "to stdout: hello");
  BOOST_TEST(read_all(err_read.get()) == "to stderr: hello");
}

BOOST_DATA_TEST_CASE(arguments_and_further_descriptors, both_methods, method) {
  auto [first, first_write] = make_pipe();
  auto [second, second_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  for (const int to : {first_write.get(), second_write.get()})
    BOOST_TEST(::write(to, to == first_write.get() ? "one\n" : "two\n", 4) == 4);
  application app;
  const child c = app.start({.method = method,
                             .has_stderr = true,
                             .arguments = {"-v", "", "--glovebox-child=3,4,0,0"},
                             .extra_descriptors = 2},
                            {err_write.get(), first.get(), second.get()});
  BOOST_TEST(c.ask("arguments") == "[-v][][--glovebox-child=3,4,0,0]");
  BOOST_TEST(c.ask("text 0") == "one");
  BOOST_TEST(c.ask("text 1") == "two");
  BOOST_TEST(stray_descriptors(c.ask("descriptors")) == "given given ");
  // And the next one has nothing of it.
  const child next = app.start(method);
  BOOST_TEST(next.ask("arguments") == "");
  BOOST_TEST(stray_descriptors(next.ask("descriptors")) == "");
}

BOOST_DATA_TEST_CASE(standard_error_alone, both_methods, method) {
  application app;
  auto [err_read, err_write] = make_pipe();
  const child c = app.start({.method = method, .has_stderr = true}, {err_write.get()});
  err_write.reset();
  BOOST_TEST(c.ask("link /proc/self/fd/1") ==
             std::filesystem::read_symlink("/proc/self/fd/1").string());
  process::kill_process(c.pidfd.get(), SIGKILL);
  app.wait_for_exit(c);
  BOOST_TEST(read_all(err_read.get()) == "");
}

BOOST_DATA_TEST_CASE(environment_and_directory, both_methods, method) {
  ::setenv("GLOVEBOX_TEST_GONE", "here", 1);
  ::setenv("GLOVEBOX_TEST_KEPT", "kept", 1);
  application app;
  const child c = app.start({.method = method,
                             .environment = {"GLOVEBOX_TEST_SET=a=b", "GLOVEBOX_TEST_GONE",
                                             "GLOVEBOX_TEST_TWICE=1", "GLOVEBOX_TEST_TWICE=2"},
                             .directory = "/usr"});
  BOOST_TEST(c.ask("variable GLOVEBOX_TEST_SET") == "a=b");
  BOOST_TEST(c.ask("variable GLOVEBOX_TEST_GONE") == "(unset)");
  BOOST_TEST(c.ask("variable GLOVEBOX_TEST_KEPT") == "kept");
  BOOST_TEST(c.ask("variable GLOVEBOX_TEST_TWICE") == "2");
  BOOST_TEST(c.ask("link /proc/self/cwd") == "/usr");
  // And the next one knows nothing of it.
  const child next = app.start(method);
  BOOST_TEST(next.ask("variable GLOVEBOX_TEST_SET") == "(unset)");
  BOOST_TEST(next.ask("variable GLOVEBOX_TEST_GONE") == "here");
}

BOOST_DATA_TEST_CASE(signals_as_after_boot, both_methods, method) {
  // What an application may have done to itself.
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  application app;
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  const child c = app.start(method);
  BOOST_TEST(c.ask("status SigBlk") == "0000000000000000");
  BOOST_TEST(c.ask("status SigIgn") == "0000000000000000");
  std::signal(SIGUSR1, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
}

BOOST_DATA_TEST_CASE(core_dumps, both_methods, method) {
  application app;
  const std::string core = std::to_string(RLIMIT_CORE);
  BOOST_TEST(app.start(method).ask("limit " + core) == "0");
  rlimit own{};
  ::getrlimit(RLIMIT_CORE, &own);
  // In a fresh image the sanitizers switch them off by themselves, unless told not to.
  const child wanted = app.start(
      {.method = method,
       .core_dumps = true,
       .environment = {"ASAN_OPTIONS=disable_coredump=0", "TSAN_OPTIONS=disable_coredump=0"}});
  BOOST_TEST(wanted.ask("limit " + core) == std::to_string(own.rlim_max));
}

BOOST_DATA_TEST_CASE(memory_limit, both_methods, method) {
  application app;
  const child limited = app.start({.method = method, .memory_limit = 64u << 20});
  BOOST_TEST(limited.ask("map 16") == "yes");
  BOOST_TEST(limited.ask("map 256") == "no");
  const child unlimited = app.start(method);
  BOOST_TEST(unlimited.ask("map 256") == "yes");
  const child huge = app.start({.method = method, .memory_limit = ~std::uint64_t{0}});
  BOOST_TEST(huge.ask("map 256") == "yes");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(failing_starts)

BOOST_AUTO_TEST_CASE(no_such_server_program) {
  const auto before = open_descriptors(::getpid());
  const auto message_of = [](const std::string& program, int error) -> std::string {
    try {
      process::launch_fork_server({.program = program, .arguments = {}});
    } catch (const std::system_error& e) {
      BOOST_TEST(e.code().value() == error);
      return e.what();
    }
    return "it started";
  };
  BOOST_TEST(message_of("/nonexistent/host", ENOENT).find("executing /nonexistent/host") !=
             std::string::npos);
  BOOST_TEST(message_of("/etc/passwd", EACCES).find("executing /etc/passwd") != std::string::npos);
  BOOST_TEST(open_descriptors(::getpid()) == before, boost::test_tools::per_element());
  BOOST_TEST(::waitpid(-1, nullptr, __WALL) == -1);
  BOOST_TEST(errno == ECHILD);
}

BOOST_DATA_TEST_CASE(no_such_child_program,
                     data::make({"/nonexistent/host", "/etc/passwd"}) ^
                         data::make({ENOENT, EACCES}),
                     program, error) {
  application app({.arguments = {std::string("--spawn-program=") + program}});
  const child c = app.start(start_method::spawn);
  BOOST_TEST(is_exit(app.wait_for_exit(c), 127));
  BOOST_TEST(c.recorder->exec_errno == static_cast<std::uint32_t>(error));
  BOOST_TEST(c.recorder->start_errno == 0u);
  BOOST_TEST(app.start(start_method::forkserver).ask("group") == "own");
}

BOOST_DATA_TEST_CASE(a_step_of_the_preparation, both_methods, method) {
  application app;
  const child c = app.start({.method = method, .directory = "/nonexistent"});
  BOOST_TEST(is_exit(app.wait_for_exit(c), 127));
  BOOST_TEST(c.recorder->start_errno == static_cast<std::uint32_t>(ENOENT));
  BOOST_TEST(c.recorder->start_stage ==
             static_cast<std::uint32_t>(process::start_stage::directory));
  BOOST_TEST(c.recorder->exec_errno == 0u);
}

BOOST_AUTO_TEST_CASE(bad_requests) {
  application app;
  app.settle();  // sends one without meaning
  const auto too_few = app.request({.has_stderr = true});
  const auto failure = app.wait_for_failure(too_few.id);
  BOOST_TEST(failure.error == EINVAL);
  BOOST_TEST((failure.stage == process::start_stage::descriptors));
  BOOST_TEST(too_few.hung_up());
  const auto too_many = app.request({}, {STDERR_FILENO});
  BOOST_TEST(app.wait_for_failure(too_many.id).error == EINVAL);
  const auto bad_text = app.request({.environment = {"=nameless"}});
  BOOST_TEST((app.wait_for_failure(bad_text.id).stage == process::start_stage::request));
  BOOST_TEST(app.start().ask("group") == "own");
}

BOOST_AUTO_TEST_CASE(no_more_descriptors_in_the_server) {
  application app;
  const child witness = app.start();
  // Nor a child that is there already.
  const unique_fd spare = watch(spare_of(app.server.pid));
  process::kill_process(spare.get(), SIGKILL);
  BOOST_TEST(ended(spare.get()));
  app.settle();
  const auto free_from = [&app] { return *open_descriptors(app.server.pid).rbegin() + 1; };
  const auto allow = [&app](int descriptors) {
    rlimit limit{};
    ::prlimit(app.server.pid, RLIMIT_NOFILE, nullptr, &limit);
    limit.rlim_cur = static_cast<rlim_t>(descriptors);
    return ::prlimit(app.server.pid, RLIMIT_NOFILE, &limit, nullptr) == 0;
  };
  const int lowest = free_from();
  BOOST_REQUIRE(allow(lowest + 1));
  auto failed = app.request({});
  auto failure = app.wait_for_failure(failed.id);
  BOOST_TEST(failure.error == EMFILE);
  BOOST_TEST((failure.stage == process::start_stage::descriptors));

  BOOST_REQUIRE(allow(lowest + 2));
  failed = app.request({});
  failure = app.wait_for_failure(failed.id);
  BOOST_TEST(failure.error == EMFILE);
  BOOST_TEST((failure.stage == process::start_stage::pidfd));
  BOOST_TEST(failed.hung_up());  // the process that was forked for it is dead

  BOOST_REQUIRE(allow(lowest + 100));
  BOOST_TEST(app.start().ask("group") == "own");
  BOOST_TEST(witness.ask("group") == "own");
}

BOOST_AUTO_TEST_CASE(fork_fails) {
  application app({.arguments = {"--forbid-fork"}});
  for (int i = 0; i < 3; ++i) {
    const auto failed = app.request({});
    const auto failure = app.wait_for_failure(failed.id);
    BOOST_TEST(failure.error == EAGAIN);
    BOOST_TEST((failure.stage == process::start_stage::fork));
    BOOST_TEST(failed.hung_up());
  }
}

BOOST_AUTO_TEST_CASE(no_proc) {
  application app({.arguments = {"--hide-proc"}});
  app.settle();
  if (std::filesystem::exists("/proc/" + std::to_string(app.server.pid) + "/root/proc/self")) {
    BOOST_TEST_MESSAGE("skipped: no mount namespace may be made here");
    return;
  }
  const child limited = app.start({.memory_limit = 1u << 30});
  BOOST_TEST(is_exit(app.wait_for_exit(limited), 127));
  BOOST_TEST(limited.recorder->start_errno == static_cast<std::uint32_t>(ENOENT));
  BOOST_TEST(limited.recorder->start_stage ==
             static_cast<std::uint32_t>(process::start_stage::memory_limit));

  const child first = app.start();
  const unique_fd in_its_group = watch(std::stoi(first.ask("leave_behind")));
  first.tell("exit 1");
  BOOST_TEST(is_exit(app.wait_for_exit(first), 1));
  BOOST_TEST(ended(in_its_group.get()));
  const child second = app.start();
  app.server.control.reset();
  BOOST_TEST(ended(app.server.pidfd.get()));
  BOOST_TEST(ended(second.pidfd.get()));
}

BOOST_AUTO_TEST_SUITE_END()

// As in a jail.
bool hide_proc() {
  return (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", "/proc", "tmpfs", 0, nullptr) == 0;
}

// fork() fails as it does when there are too many processes.
bool forbid_fork() {
  constexpr auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
  };
  const sock_fprog filter{.len = 4, .filter = program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

static void become_server(int control, int argc, char** argv) {
  process::server_options self;
  constexpr std::string_view program = "--spawn-program=";
  for (int i = 2; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(program)) self.program = argument.substr(program.size());
    if (argument == "--hide-proc") hide_proc();  // the test looks whether it is
    if (argument == "--forbid-fork" && !forbid_fork()) ::_exit(97);
  }
  process::run_fork_server(control, child_main, self);
}

}  // namespace process_test

int main(int argc, char** argv) {
  namespace process = glovebox::process;
  if (const auto control = process::fork_server_marker(argc, argv)) {
    process_test::become_server(*control, argc, argv);
  }
  if (const auto setup = process::child_marker(argc, argv)) {
    process::run_spawned_child(*setup, process_test::child_main);
  }
  auto name_the_module = [] {
    boost::unit_test::framework::master_test_suite().p_name.value = "process";
    return true;
  };
  return boost::unit_test::unit_test_main(name_the_module, argc, argv);
}
