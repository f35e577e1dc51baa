// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "policy/jail.hpp"

#include "core/sanitizer.hpp"
#include "policy/capabilities.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace glovebox::policy {
namespace {

using transport::unique_fd;

constexpr int exit_of_failed_jail = 127;

std::string reason(int error) {
  return std::string(": ") + std::strerror(error);
}

// ---- before

// Whether a user namespace knows an id; where there is no telling, the kernel has the last word.
bool mapped(const char* map, std::uint64_t id) {
  std::ifstream in(map);
  if (!in) return true;
  std::uint64_t first, outside, count;
  while (in >> first >> outside >> count)
    if (id >= first && id - first < count) return true;
  return false;
}

bool groups_can_be_dropped() {
  std::ifstream in("/proc/self/setgroups");
  std::string word;
  return !(in >> word) || word == "allow";
}

// ---- the way in

[[noreturn]] void give_up(const char* step, int error) noexcept {
  std::fprintf(stderr, "glovebox: this child could not be jailed, and ends: %s: %s\n", step,
               std::strerror(error));
  std::fflush(nullptr);
  ::_exit(exit_of_failed_jail);
}

void require(bool done, const char* step) noexcept {
  if (!done) give_up(step, errno);
}

void require_fact(bool holds, const char* fact) noexcept {
  if (!holds) give_up(fact, EPERM);
}

// What is possessed through the session's keyring can be read whatever the uid.
bool leave_keyring() noexcept {
  return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0 || errno == ENOSYS ||
         errno == EPERM;  // filtered: then the jailed code cannot use it either
}

void change_credentials(const credentials& wanted) noexcept {
  // Before the uid goes, while it still may.
  require(drop_bounding_capabilities(), "dropping the bounding capabilities");
  require(::setgroups(0, nullptr) == 0, "dropping the supplementary groups");
  require(::setresgid(wanted.gid, wanted.gid, wanted.gid) == 0, "changing the group");
  require(::setresuid(wanted.uid, wanted.uid, wanted.uid) == 0, "changing the user");
  require(drop_own_capabilities(), "dropping the capabilities");
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "forbidding new privileges");
  // Other processes of this uid, jailed ones perhaps, must not get at this one. Root still does.
  require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "becoming untraceable");
}

void verify(const credentials& wanted, const struct stat& root) noexcept {
  uid_t uid[3];
  gid_t gid[3];
  require(::getresuid(&uid[0], &uid[1], &uid[2]) == 0, "reading the user");
  require(::getresgid(&gid[0], &gid[1], &gid[2]) == 0, "reading the group");
  for (const uid_t each : uid) require_fact(each == wanted.uid, "it still has another user");
  for (const gid_t each : gid) require_fact(each == wanted.gid, "it still has another group");
  // They answer with the present one; an impossible number changes nothing.
  require_fact(static_cast<uid_t>(::setfsuid(~uid_t{0})) == wanted.uid, "it has another fsuid");
  require_fact(static_cast<gid_t>(::setfsgid(~gid_t{0})) == wanted.gid, "it has another fsgid");
  require_fact(::getgroups(0, nullptr) == 0, "it still has supplementary groups");
  capability_sets sets;
  require(read_capabilities(sets), "reading the capabilities");
  require_fact(sets == capability_sets{}, "it still has capabilities");
  require_fact(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "it may gain privileges");
  require_fact(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0, "it can be traced");
  struct stat now;
  require(::stat("/", &now) == 0, "looking at the root directory");
  require_fact(now.st_dev == root.st_dev && now.st_ino == root.st_ino, "it has another root");
  require(::stat(".", &now) == 0, "looking at the working directory");
  require_fact(now.st_dev == root.st_dev && now.st_ino == root.st_ino, "it is elsewhere");
  require_fact(::setuid(0) != 0, "it became root again");
  require_fact(::setgid(0) != 0, "it got root's group again");
  require_fact(::chroot("/") != 0, "it may change its root");
}

}  // namespace

void check_privileges(const credentials& wanted) {
  if (::geteuid() != 0)
    throw jail_error("a jail needs root, and this child runs as uid " +
                     std::to_string(::geteuid()));
  capability_sets own;
  if (!read_capabilities(own)) throw jail_error("the capabilities cannot be read" + reason(errno));
  constexpr struct {
    int number;
    const char* name;
  } needed[] = {{CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
                {CAP_SETUID, "CAP_SETUID"},
                {CAP_SETGID, "CAP_SETGID"},
                {CAP_SETPCAP, "CAP_SETPCAP"}};
  for (const auto& each : needed)
    if ((own.effective >> each.number & 1) == 0)
      throw jail_error(std::string("a jail needs ") + each.name + ", which this child lacks");
  // -1 means `unchanged` to the kernel.
  if (wanted.uid == 0 || wanted.uid == ~uid_t{0})
    throw jail_error("a jail needs a uid that is not root's: jail_options.uid");
  if (wanted.gid == 0 || wanted.gid == ~gid_t{0})
    throw jail_error("a jail needs a gid that is not root's: jail_options.gid");
  if (!mapped("/proc/self/uid_map", wanted.uid))
    throw jail_error("the user namespace has no uid " + std::to_string(wanted.uid));
  if (!mapped("/proc/self/gid_map", wanted.gid))
    throw jail_error("the user namespace has no gid " + std::to_string(wanted.gid));
  if (!groups_can_be_dropped())
    throw jail_error("the user namespace forbids to drop supplementary groups");
}

void check_threads() {
  if (core::thread_sanitizer) return;
  std::error_code error;
  std::size_t threads = 0;
  for (std::filesystem::directory_iterator each("/proc/self/task", error), end;
       !error && each != end; each.increment(error))
    ++threads;
  if (error) throw jail_error("a jail cannot tell how many threads run here: " + error.message());
  if (threads != 1)
    throw jail_error("a jail needs a child with one thread, and this one has " +
                     std::to_string(threads) +
                     ": capabilities are a thread's own. Jail it before it starts others");
}

unique_fd open_root(const std::string& path, const credentials& wanted) {
  if (path.empty()) throw jail_error("a jail needs a root directory: jail_options.root");
  const std::string name = "the jail's root directory " + path;
  unique_fd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) throw jail_error(name + " cannot be opened" + reason(errno));
  struct stat status, present;
  if (::fstat(root.get(), &status) != 0 || ::stat("/", &present) != 0)
    throw jail_error(name + " cannot be examined" + reason(errno));
  if (status.st_dev == present.st_dev && status.st_ino == present.st_ino)
    throw jail_error(name + " is the present root directory: that is no jail");
  // An access control list that lets others write shows as write permission of the group.
  if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw jail_error(name +
                     " can be changed by others than root; give it to root with mode 0755, and the "
                     "jailed code a directory of its own inside");
  const mode_t search = status.st_gid == wanted.gid ? S_IXGRP : S_IXOTH;
  if ((status.st_mode & search) == 0)
    throw jail_error(name + " cannot be entered by uid " + std::to_string(wanted.uid) +
                     ": give it mode 0755");
  return root;
}

void leave_terminal() {
  const unique_fd terminal(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal) ::ioctl(terminal.get(), TIOCNOTTY);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(standard) == 0) continue;
    ::ioctl(standard, TIOCNOTTY);  // where there is no /dev/tty
    // Terminals are opened for reading and writing, and inherited that way.
    const std::string self = "/proc/self/fd/" + std::to_string(standard);
    const unique_fd write_only(::open(self.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
    if (!write_only || ::dup2(write_only.get(), standard) < 0)
      throw jail_error("descriptor " + std::to_string(standard) +
                       " is a terminal and cannot be opened for writing alone" + reason(errno));
  }
}

void close_descriptors(std::span<const int> kept, const unique_fd& root) {
  std::vector<int> all{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  all.insert(all.end(), kept.begin(), kept.end());
  for (const int each : all) {
    struct stat status;
    if (::fstat(each, &status) == 0 && S_ISDIR(status.st_mode))
      throw jail_error("descriptor " + std::to_string(each) +
                       " is a directory, and would lead out of the jail");
  }
  if (root) all.push_back(root.get());
  std::sort(all.begin(), all.end());
  unsigned next = 0;
  const auto close_up_to = [&next](unsigned last) {
    if (next <= last && ::close_range(next, last, 0) != 0)
      throw jail_error("the inherited descriptors cannot be closed" + reason(errno));
  };
  for (const int each : all) {
    const auto number = static_cast<unsigned>(each);
    if (number > next) close_up_to(number - 1);
    next = std::max(next, number + 1);
  }
  close_up_to(~0u);
}

void enter_root(unique_fd root, const credentials& wanted) noexcept {
  const pid_t parent = ::getppid();
  struct stat status;
  require(::fstat(root.get(), &status) == 0, "examining the root directory");
  require(::fchdir(root.get()) == 0 && ::chroot(".") == 0 && ::chdir("/") == 0,
          "changing the root directory");
  root.reset();
  require(leave_keyring(), "leaving the session's keyring");
  change_credentials(wanted);
  // The change of credentials has cleared it, and the parent may have died meanwhile.
  require(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "binding its life to its parent's");
  if (::getppid() != parent) ::raise(SIGKILL);
  verify(wanted, status);
}

}  // namespace glovebox::policy
