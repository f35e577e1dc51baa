// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "security/jail_fixture.hpp"
#include "security/security_programs.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

BOOST_AUTO_TEST_SUITE(jail_errors_test)

using namespace jail_test;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether another uid can run the programs of this build.
boost::test_tools::assertion_result reachable_by_others(boost::unit_test::test_unit_id id) {
  boost::test_tools::assertion_result result = as_root(id);
  if (!result) return result;
  const pid_t pid = ::fork();
  if (pid == 0)
    ::_exit(::setuid(jailed_uid) == 0 && ::access(unprivileged_program, X_OK) == 0 ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  boost::test_tools::assertion_result found(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  found.message() << "the build directory cannot be read by other users";
  return found;
}

/// What a program writes that another user runs.
std::string output_as_another_user(const char* program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    if (::chdir("/") == 0 && ::setgroups(0, nullptr) == 0 && ::setgid(jailed_gid) == 0 &&
        ::setuid(jailed_uid) == 0)
      ::execl(program, program, nullptr);
    ::_exit(99);
  }
  ::close(ends[1]);
  std::string text;
  char piece[512];
  for (ssize_t length; (length = ::read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(length));
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return text;
}

bool drop_one_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  data[capability / 32].effective &= ~(1u << (capability % 32));
  return ::syscall(SYS_capset, &header, data) == 0;
}

/// One in which root is the only user.
bool enter_user_namespace() {
  if (::unshare(CLONE_NEWUSER) != 0) return false;
  for (const auto& [name, content] : {std::pair("setgroups", "deny"), std::pair("uid_map", "0 0 1"),
                                      std::pair("gid_map", "0 0 1")}) {
    std::ofstream file(std::string("/proc/self/") + name);
    file << content;
    if (!file.flush()) return false;
  }
  return true;
}
boost::test_tools::assertion_result namespaces_can_be_made(boost::unit_test::test_unit_id id) {
  boost::test_tools::assertion_result result = threads_are_counted(id);
  if (!result) return result;
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(enter_user_namespace() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  boost::test_tools::assertion_result made(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  made.message() << "no user namespace can be made here";
  return made;
}

BOOST_FIXTURE_TEST_SUITE(row_24_jail_errors, jail_fixture, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(row_24_an_application_that_is_not_root,
                     *boost::unit_test::precondition(reachable_by_others)) {
  BOOST_TEST(output_as_another_user(unprivileged_program) ==
             "a jail needs root, and this child runs as uid " + std::to_string(jailed_uid) +
                 "\n42\n");
}

BOOST_AUTO_TEST_CASE(row_24_a_child_that_is_not_root) {
  BOOST_TEST(get(ctx.call<&::setuid>(jailed_uid, use_future)) == 0);
  BOOST_TEST(refusal(here.options()) ==
             "a jail needs root, and this child runs as uid " + std::to_string(jailed_uid));
  BOOST_TEST(get(ctx.call<&list>("/", use_future)) == list("/"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(row_24_a_child_without_a_capability) {
  for (const auto& [capability, name] :
       {std::pair(CAP_SYS_CHROOT, "CAP_SYS_CHROOT"), std::pair(CAP_SETUID, "CAP_SETUID"),
        std::pair(CAP_SETGID, "CAP_SETGID"), std::pair(CAP_SETPCAP, "CAP_SETPCAP")}) {
    const context child(shared_io());
    BOOST_TEST(get(child.call<&drop_one_capability>(capability, use_future)));
    BOOST_CHECK_EXCEPTION(
        get(child.jail(here.options(), use_future)), std::runtime_error,
        [name = name](const std::runtime_error& error) { return holds(error.what(), name); });
    BOOST_TEST(unharmed(child));
  }
}

BOOST_AUTO_TEST_CASE(row_24_a_user_namespace_that_does_not_know_the_uid,
                     *boost::unit_test::precondition(namespaces_can_be_made)) {
  BOOST_TEST(get(ctx.call<&enter_user_namespace>(use_future)));
  BOOST_TEST(refusal(here.options()) ==
             "the user namespace has no uid " + std::to_string(jailed_uid));
  BOOST_TEST(unharmed(ctx));
}

BOOST_AUTO_TEST_CASE(row_24_uids_and_gids_that_are_none) {
  for (const uid_t each : {uid_t{0}, ~uid_t{0}}) {
    BOOST_TEST(holds(refusal({here.root(), each, jailed_gid}), "jail_options.uid"));
    BOOST_TEST(holds(refusal({here.root(), jailed_uid, each}), "jail_options.gid"));
  }
  BOOST_TEST(holds(refusal({}), "jail_options.uid"));
  BOOST_TEST(unharmed(ctx));
}

BOOST_AUTO_TEST_CASE(row_24_root_directories_that_are_none) {
  const auto refusal_of = [this](const std::string& root) {
    return refusal({root, jailed_uid, jailed_gid});
  };
  BOOST_TEST(holds(refusal_of(""), "jail_options.root"));
  const std::string missing = here.outside("missing");
  BOOST_TEST(refusal_of(missing) == "the jail's root directory " + missing +
                                        " cannot be opened: No such file or directory");
  BOOST_TEST(holds(refusal_of(here.root() + "/inside"), "Not a directory"));
  BOOST_TEST(holds(refusal_of("/"), "that is no jail"));
  BOOST_TEST(holds(refusal_of(here.root() + "/../../../../../../.."), "that is no jail"));

  const auto after = [&](mode_t mode, uid_t owner, gid_t group) {
    const std::string root = here.root();
    BOOST_REQUIRE(::chown(root.c_str(), owner, group) == 0);
    BOOST_REQUIRE(::chmod(root.c_str(), mode) == 0);
    return refusal_of(root);
  };
  BOOST_TEST(holds(after(0777, 0, 0), "can be changed by others"));
  BOOST_TEST(holds(after(01777, 0, 0), "can be changed by others"));
  BOOST_TEST(holds(after(0775, 0, jailed_gid), "can be changed by others"));
  BOOST_TEST(holds(after(0755, jailed_uid, 0), "can be changed by others"));
  BOOST_TEST(holds(after(0755, 1, 0), "can be changed by others"));
  BOOST_TEST(holds(after(0700, 0, 0), "cannot be entered by uid"));
  BOOST_TEST(holds(after(0705, 0, jailed_gid), "cannot be entered by uid"));
  BOOST_TEST(unharmed(ctx));
  // Enough is enough.
  BOOST_REQUIRE(::chmod(here.root().c_str(), 0710) == 0);
  enter({here.root(), jailed_uid, jailed_gid});
}

BOOST_AUTO_TEST_CASE(row_24_a_standard_descriptor_that_is_a_directory) {
  const auto redirect = [](int fd) {
    const int directory = ::open("/", O_RDONLY | O_DIRECTORY);
    return ::dup2(directory, fd) == fd && ::close(directory) == 0;
  };
  BOOST_TEST(get(ctx.call(redirect, STDIN_FILENO, use_future)));
  BOOST_TEST(holds(refusal(here.options()), "descriptor 0 is a directory"));
  BOOST_TEST(unharmed(ctx));
}

BOOST_AUTO_TEST_CASE(row_24_a_given_descriptor_that_is_a_directory) {
  context_options options;
  options.descriptors = {
      glovebox::file_descriptor(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  ctx = context(shared_io(), options);
  BOOST_TEST(holds(refusal(here.options()), "is a directory, and would lead out of the jail"));
  BOOST_TEST(unharmed(ctx));
}

BOOST_AUTO_TEST_CASE(row_24_once_is_enough) {
  enter(here.options());
  BOOST_TEST(refusal(here.options()) == "this child is in a jail already");
  BOOST_TEST((get(ctx.call<&who_am_i>(use_future)) == jailed_one));
}

BOOST_AUTO_TEST_CASE(row_24_contexts_that_have_no_child) {
  BOOST_CHECK_THROW(get(context().jail(here.options(), use_future)), glovebox::state_error);
  get(ctx.stop(use_future));
  BOOST_CHECK_THROW(enter(here.options({built("untrusted.so")})), glovebox::state_error);
  BOOST_TEST((here.content() == std::vector<std::string>{"inside"}));
  // Never sent, never made.
  { auto unused = ctx.jail(here.options({built("untrusted.so")}), glovebox::deferred); }
  BOOST_TEST((here.content() == std::vector<std::string>{"inside"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
