// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/life.hpp"
#include "security/jail_fixture.hpp"
#include "security/security_programs.hpp"

#include <fcntl.h>
#include <iconv.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <asio/co_spawn.hpp>
#include <climits>
#include <csignal>
#include <ctime>

BOOST_AUTO_TEST_SUITE(jail_test)

using namespace jail_test;
using life::process_watch;

int error_of(bool failed) {
  return failed ? errno : 0;
}

// ---- what jailed code may try

int open_for_reading(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = error_of(fd < 0);
  if (fd >= 0) ::close(fd);
  return error;
}

bool same_place(const std::string& first, const std::string& second) {
  return std::filesystem::equivalent(first, second);
}

/// A descriptor of the outer root, as a careless library leaves it behind.
int open_outer_root() {
  return ::open("/", O_RDONLY | O_DIRECTORY);  // without close-on-exec
}

std::vector<int> open_descriptors() {
  std::vector<int> open;
  for (int fd = 0; fd != 4096; ++fd)
    if (::fcntl(fd, F_GETFD) != -1) open.push_back(fd);
  return open;
}

/// The error of each way to power.
std::vector<int> grasp_for_power() {
  return {error_of(::setuid(0) != 0),
          error_of(::seteuid(0) != 0),
          error_of(::setresuid(0, 0, 0) != 0),
          error_of(::setgid(0) != 0),
          error_of(::setegid(0) != 0),
          error_of(::chroot("/") != 0),
          error_of(::syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) != 0),
          error_of(::mknod("/own/null", S_IFCHR | 0666, 0x103) != 0),
          error_of(::chown("/inside", jailed_uid, jailed_gid) != 0)};
}

/// The error of each way to get at another process.
std::vector<int> reach_for(int pid) {
  char byte;
  iovec here{&byte, 1}, there{&byte, 1};
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  std::vector<int> errors{
      error_of(::kill(pid, 0) != 0),
      error_of(::kill(pid, SIGKILL) != 0),
      error_of(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0),
      error_of(::process_vm_readv(pid, &here, 1, &there, 1, 0) != 1),
      error_of(pidfd < 0 || ::syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0),
      error_of(pidfd < 0 || ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) != 0)};
  if (pidfd >= 0) ::close(pidfd);
  return errors;
}

/// How a program of the jail ends.
int run(const std::string& program) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(program.c_str(), program.c_str(), nullptr);
    ::_exit(99);
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// What a process sees that the jailed one starts.
std::string in_a_grandchild() {
  int ends[2];
  if (::pipe(ends) != 0) return "pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::string seen = who_am_i() == jailed_one ? "jailed" : "somebody else";
    for (const std::string& name : list("/")) seen += ' ' + name;
    if (::setuid(0) == 0) seen += " root";
    if (::write(ends[1], seen.data(), seen.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(ends[1]);
  char text[256];
  const ssize_t length = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : "nothing";
}

/// A process of its own session, whose parent is gone.
int make_daemon() {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  if (::fork() == 0) {
    ::setsid();
    const pid_t made = ::fork();
    if (made == 0) life::wait_for_ever();
    ::_exit(::write(ends[1], &made, sizeof made) == sizeof made ? 0 : 1);
  }
  int made = -1;
  if (::read(ends[0], &made, sizeof made) != sizeof made) return -1;
  return made;
}

BOOST_FIXTURE_TEST_SUITE(row_24_jail, jail_fixture, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(row_24_sees_only_its_jail) {
  for (const auto method : {start_method::forkserver, start_method::spawn}) {
    context_options how;
    how.method = method;
    const context child(shared_io(), how);
    get(child.jail(here.options(), use_future));
    BOOST_TEST((get(child.call<&list>("/", use_future)) == std::vector<std::string>{"inside"}));
    BOOST_TEST((get(child.call<&list>(".", use_future)) == std::vector<std::string>{"inside"}));
    BOOST_TEST((get(child.call<&who_am_i>(use_future)) == jailed_one));
    BOOST_TEST(get(child.call<&open_for_reading>("/inside", use_future)) == 0);
    BOOST_TEST(get(child.call<&open_for_reading>("/etc/passwd", use_future)) == ENOENT);
    BOOST_TEST(get(child.call<&open_for_reading>("/proc/self/root", use_future)) == ENOENT);
    // It is not its to change.
    const auto write = [](const std::string& path) {
      return error_of(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666) < 0);
    };
    BOOST_TEST(get(child.call(write, "/inside", use_future)) == EACCES);
    BOOST_TEST(get(child.call(write, "/new", use_future)) == EACCES);
  }
  BOOST_TEST((here.content() == std::vector<std::string>{"inside"}));
}

asio::awaitable<std::vector<std::string>> jail_and_list(const context& ctx, std::string root) {
  co_await ctx.jail({root, jailed_uid, jailed_gid});
  co_return co_await ctx.call<&list>("/");
}

BOOST_AUTO_TEST_CASE(row_24_as_it_is_written_in_a_coroutine) {
  auto seen = get(asio::co_spawn(shared_io(), jail_and_list(ctx, here.root()), use_future));
  BOOST_TEST((seen == std::vector<std::string>{"inside"}));
}

BOOST_AUTO_TEST_CASE(copies_are_in_the_jail_as_well,
                     *boost::unit_test::precondition(threads_are_counted)) {
  get(ctx.call<&who_am_i>(use_future));
  const glovebox::snapshot outside = get(ctx.snapshot(use_future));
  enter(here.options());
  const glovebox::snapshot inside = get(ctx.snapshot(use_future));
  const auto is_jailed = [](const context& which) {
    BOOST_TEST((get(which.call<&who_am_i>(use_future)) == jailed_one));
    BOOST_TEST((get(which.call<&list>("/", use_future)) == std::vector<std::string>{"inside"}));
    BOOST_TEST(get(which.call<&open_for_reading>("/etc/passwd", use_future)) == ENOENT);
    const std::vector<int> errors = get(which.call<&grasp_for_power>(use_future));
    BOOST_TEST(std::count(errors.begin(), errors.end(), 0) == 0);
  };
  get(ctx.roll_back(inside, use_future));
  is_jailed(ctx);
  is_jailed(inside.revive());
  // There is no way back out of it.
  BOOST_CHECK_THROW(get(ctx.roll_back(outside, use_future)), glovebox::state_error);
  is_jailed(ctx);
}

BOOST_AUTO_TEST_CASE(a_crash_leads_out_of_no_jail,
                     *boost::unit_test::precondition(threads_are_counted)) {
  context_options options;
  options.on_crash = glovebox::on_crash::roll_back;
  options.snapshot_after = 0;
  const context child(shared_io(), options);
  const glovebox::snapshot outside = get(child.snapshot(use_future));
  get(child.jail(here.options(), use_future));
  BOOST_CHECK_THROW(get(child.call<&life::abort_now>(1, use_future)), glovebox::process_terminated);
  BOOST_CHECK_THROW(get(child.call<&who_am_i>(use_future)), glovebox::state_error);
}

BOOST_AUTO_TEST_CASE(row_24_dot_dot_does_not_lead_out) {
  std::filesystem::create_directory(here.root() + "/deep");
  std::filesystem::create_symlink("../../../../../../etc/passwd", here.root() + "/link");
  enter(here.options());
  BOOST_TEST(get(ctx.call<&open_for_reading>("../../../../../../etc/passwd", use_future)) ==
             ENOENT);
  BOOST_TEST(get(ctx.call<&open_for_reading>("/link", use_future)) == ENOENT);
  BOOST_TEST(get(ctx.call<&same_place>("../../..", "/", use_future)));
  BOOST_TEST(get(ctx.call<&same_place>("/deep/../../..", "/", use_future)));
  const auto climb = [] {
    if (::chdir("/deep") != 0) return false;
    for (int i = 0; i != 64; ++i)
      if (::chdir("..") != 0) return false;
    char here_now[PATH_MAX];
    return ::getcwd(here_now, sizeof here_now) && std::string(here_now) == "/";
  };
  BOOST_TEST(get(ctx.call(climb, use_future)));
}

BOOST_AUTO_TEST_CASE(row_24_inherited_descriptors_are_closed) {
  const int outer = get(ctx.call<&open_outer_root>(use_future));
  const auto far = [](int fd) { return ::fcntl(fd, F_DUPFD, 1000); };
  const int outer_too = get(ctx.call(far, outer, use_future));
  BOOST_TEST(outer > 2);
  BOOST_TEST(outer_too >= 1000);
  const auto escape = [](int fd) { return error_of(::fchdir(fd) != 0); };
  BOOST_TEST(get(ctx.call(escape, outer, use_future)) == 0);
  enter(here.options());
  BOOST_TEST(get(ctx.call(escape, outer, use_future)) == EBADF);
  BOOST_TEST(get(ctx.call(escape, outer_too, use_future)) == EBADF);
  const std::vector<int> open = get(ctx.call<&open_descriptors>(use_future));
  BOOST_TEST(open.size() == 4u);  // and the channel
  BOOST_TEST((std::vector<int>(open.begin(), open.begin() + 3) == std::vector<int>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(row_24_given_descriptors_stay_until_they_are_taken) {
  context_options options;
  for (int i = 0; i != 2; ++i)
    options.descriptors.push_back(
        glovebox::file_descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  ctx = context(shared_io(), options);
  const auto take = [](std::size_t index) {
    return glovebox::this_child::take_descriptor(index).release();
  };
  const int taken = get(ctx.call(take, std::size_t{0}, use_future));
  enter(here.options());
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
  BOOST_TEST(!get(ctx.call(is_open, taken, use_future)));
  BOOST_TEST(get(ctx.call(is_open, get(ctx.call(take, std::size_t{1}, use_future)), use_future)));
  BOOST_TEST(get(ctx.call<&open_descriptors>(use_future)).size() == 5u);  // and the channel
}

BOOST_AUTO_TEST_CASE(row_24_no_way_back_to_power) {
  const std::string own = here.root() + "/own";
  std::filesystem::create_directory(own);
  BOOST_REQUIRE(::chown(own.c_str(), jailed_uid, jailed_gid) == 0);
  enter(here.options());
  const std::vector<int> errors = get(ctx.call<&grasp_for_power>(use_future));
  // A process with threads, such as ThreadSanitizer's, is told that it may make no namespace first.
  for (const int error : errors)
    BOOST_TEST((error == EPERM || (error == EINVAL && glovebox::test::under_sanitizer)),
               "error " << error);
  BOOST_TEST((get(ctx.call<&who_am_i>(use_future)) == jailed_one));
  const auto capabilities = [] {
    int found = 0;
    for (int each = 0; each != 64; ++each)
      found += (::prctl(PR_CAPBSET_READ, each) == 1) +
               (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, each, 0, 0) == 1);
    return found;
  };
  BOOST_TEST(get(ctx.call(capabilities, use_future)) == 0);
}

BOOST_AUTO_TEST_CASE(row_24_a_set_user_id_program_gains_nothing) {
  const std::string program = here.root() + "/program";
  std::filesystem::copy_file(setuid_program, program);
  BOOST_REQUIRE(::chown(program.c_str(), 0, 0) == 0);
  BOOST_REQUIRE(::chmod(program.c_str(), 04755) == 0);
  // Whoever jails himself by hand and stops too early is root again.
  const context by_hand(shared_io());
  const auto half = [](const std::string& root) {
    return ::chroot(root.c_str()) == 0 && ::chdir("/") == 0 && ::setgid(jailed_gid) == 0 &&
           ::setuid(jailed_uid) == 0;
  };
  BOOST_TEST(get(by_hand.call(half, here.root(), use_future)));
  const int without_jail = get(by_hand.call<&run>("/program", use_future));
  BOOST_WARN_MESSAGE(without_jail == 10, "set-user-ID programs do nothing in this file system");
  enter(here.options());
  BOOST_TEST(get(ctx.call<&run>("/program", use_future)) == 20);
}

BOOST_AUTO_TEST_CASE(row_24_other_processes_are_out_of_reach) {
  enter(here.options());
  const int server = get(ctx.call<&life::parent_pid>(use_future));
  for (const int pid : {static_cast<int>(::getpid()), server})
    for (const int error : get(ctx.call<&reach_for>(pid, use_future))) BOOST_TEST(error == EPERM);
}

BOOST_AUTO_TEST_CASE(row_24_nor_is_its_memory_within_the_reach_of_its_like) {
  const context other(shared_io());
  enter(here.options());
  get(other.jail(here.options(), use_future));
  const auto peek = [](int pid, std::uint64_t address) {
    int found = 0;
    iovec to{&found, sizeof found}, from{reinterpret_cast<void*>(address), sizeof found};
    const bool read = ::process_vm_readv(pid, &to, 1, &from, 1, 0) == sizeof found;
    const int error = error_of(!read);
    return std::vector<int>{error, found,
                            error_of(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0)};
  };
  const auto secret = [] {
    static int value = 4711;
    return reinterpret_cast<std::uint64_t>(&value);
  };
  const int victim = get(ctx.call<&life::own_pid>(use_future));
  const std::uint64_t address = get(ctx.call(secret, use_future));
  BOOST_TEST(
      (get(other.call(peek, victim, address, use_future)) == std::vector<int>{EPERM, 0, EPERM}));
  // The parent's diagnostics are root's.
  int found = 0;
  iovec to{&found, sizeof found}, from{reinterpret_cast<void*>(address), sizeof found};
  BOOST_TEST(::process_vm_readv(victim, &to, 1, &from, 1, 0) == ssize_t{sizeof found});
  BOOST_TEST(found == 4711);
}

boost::test_tools::assertion_result keys_are_kept(boost::unit_test::test_unit_id id) {
  boost::test_tools::assertion_result result = as_root(id);
  if (!result) return result;
  boost::test_tools::assertion_result kept(
      ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0);
  kept.message() << "this kernel keeps no keys, or lets nobody have them";
  return kept;
}

BOOST_AUTO_TEST_CASE(row_24_keys_of_the_session_stay_outside,
                     *boost::unit_test::precondition(keys_are_kept)) {
  // A key that only its possessor may read, as most are.
  const auto add = [] {
    ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    return static_cast<int>(
        ::syscall(SYS_add_key, "user", "glovebox:test", "secret", 6, KEY_SPEC_SESSION_KEYRING));
  };
  const auto read = [](int key) {
    char text[16] = {};
    return ::syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof text) > 0 ? std::string(text)
                                                                          : std::string();
  };
  const int key = get(ctx.call(add, use_future));
  BOOST_REQUIRE(key > 0);
  BOOST_TEST(get(ctx.call(read, key, use_future)) == "secret");
  enter(here.options());
  BOOST_TEST(get(ctx.call(read, key, use_future)) == "");
}

BOOST_AUTO_TEST_CASE(row_24_grandchildren_are_in_it_too) {
  enter(here.options());
  BOOST_TEST(get(ctx.call<&in_a_grandchild>(use_future)) == "jailed inside");
  const process_watch left_behind(get(ctx.call<&make_daemon>(use_future)));
  BOOST_TEST(left_behind.alive());
  ctx.kill();
  BOOST_TEST(left_behind.ends());
}

BOOST_AUTO_TEST_CASE(row_24_it_dies_with_its_parent) {
  const auto bound_by = [] {
    int signal = 0;
    ::prctl(PR_GET_PDEATHSIG, &signal);
    return signal;
  };
  enter(here.options());
  BOOST_TEST(get(ctx.call(bound_by, use_future)) == SIGKILL);
  // With a fork server of its own to be killed.
  glovebox::test::running_io io;
  const context other(io.io);
  get(other.jail(here.options(), use_future));
  const process_watch child(get(other.call<&life::own_pid>(use_future)));
  const process_watch server(get(other.call<&life::parent_pid>(use_future)));
  io.halt();  // so that it is not the application that kills the child
  server.send(SIGKILL);
  BOOST_TEST(child.ends());
}

BOOST_AUTO_TEST_CASE(row_24_what_was_loaded_before_still_works) {
  enter(here.options());
  const auto works = [] {
    const iconv_t latin = ::iconv_open("UTF-8", "ISO-8859-15");
    if (latin == reinterpret_cast<iconv_t>(-1)) return std::string("iconv");
    char in[] = "\xA4", out[8] = {};
    char *from = in, *to = out;
    std::size_t left = 1, room = sizeof out;
    if (::iconv(latin, &from, &left, &to, &room) != 0) return std::string("iconv");
    try {
      throw std::out_of_range(out);
    } catch (const std::exception& e) {
      return std::string(e.what());
    }
  };
  BOOST_TEST(get(ctx.call(works, use_future)) == "\u20AC");
  const auto fails = [](int n) -> int { throw std::domain_error("inside " + std::to_string(n)); };
  BOOST_CHECK_THROW(get(ctx.call(fails, 7, use_future)), std::domain_error);
  const auto crash = []() -> int { std::abort(); };
  BOOST_CHECK_EXCEPTION(get(ctx.call(crash, use_future)), glovebox::process_terminated,
                        [](const glovebox::process_terminated& error) {
                          return error.info().signal_number == SIGABRT;
                        });
}

BOOST_AUTO_TEST_CASE(row_24_objects_and_many_calls) {
  enter(here.options());
  const auto text = get(ctx.make<std::string>("kept", use_future));
  BOOST_TEST(get(text.call([](const std::string& s) { return s.size(); }, use_future)) == 4u);
  const std::vector<std::byte> large(8 << 20, std::byte{7});
  const auto size_of = [](const std::vector<std::byte>& bytes) { return bytes.size(); };
  BOOST_TEST(get(ctx.call(size_of, large, use_future)) == large.size());
  for (int i = 0; i != 100; ++i) BOOST_TEST(get(ctx.call<&life::echo>(i, use_future)) == i);
  get(ctx.stop(use_future));
  BOOST_TEST(ctx.ended()->exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
