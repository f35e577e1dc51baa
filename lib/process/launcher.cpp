// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/launcher.hpp"

#include "process/environment.hpp"
#include "process/markers.hpp"
#include "transport/socket.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// glibc's clone under its other name: some sanitizers intercept the usual one and lock their
// runtime around it, as if the memory were not shared.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;

// For everything that runs in the application's memory while the calling thread stands still: the
// sanitizers must neither see these foreign stacks nor this short life without a thread.
#define GLOVEBOX_UNINSTRUMENTED \
  __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

namespace glovebox::process {
namespace {

constexpr int control_fd = 3;  // where the server finds its control socket
constexpr std::size_t kernel_sigset_bytes = 8;
constexpr std::size_t stack_bytes = 64 * 1024;
constexpr std::size_t guard_bytes = 64 * 1024;  // a multiple of every page size

enum class step : int {
  none,
  intermediate,
  server,
  session,
  null_device,
  stdio,
  control,
  close,
  exec
};

const char* name_of(step failed) {
  switch (failed) {
    case step::none:
      return "none";
    case step::intermediate:
      return "clone of the intermediate process";
    case step::server:
      return "clone";
    case step::session:
      return "setsid";
    case step::null_device:
      return "opening /dev/null";
    case step::stdio:
      return "standard streams";
    case step::control:
      return "control socket";
    case step::close:
      return "closing descriptors";
    case step::exec:
      return "executing";
  }
  return "unknown";
}

// Shared by the application's thread, the intermediate and the server until it executes. They run
// one after the other, each waiting for the next (CLONE_VFORK).
struct launch {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int control;
  void* server_stack;  // its upper end
  step failed = step::none;
  int error = 0;
  pid_t server = -1;
  int pidfd = -1;
};

GLOVEBOX_UNINSTRUMENTED bool fail(launch& shared, step failed) {
  shared.failed = failed;
  shared.error = errno;
  return false;
}

// Raw system calls all through: the library's functions may be intercepted, and would then change
// what the application believes about itself (sigaction of the thread sanitizer, for one).
GLOVEBOX_UNINSTRUMENTED long duplicate(int from, int to, int flags) {
  return ::syscall(SYS_dup3, from, to, flags);
}

GLOVEBOX_UNINSTRUMENTED void default_signals() {
  // A zeroed kernel sigaction is SIG_DFL. KILL and STOP refuse, which is as well.
  alignas(8) unsigned char default_action[64];
  for (volatile unsigned char& byte : default_action) byte = 0;
  for (int signal = 1; signal <= 64; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, default_action, nullptr, kernel_sigset_bytes);
  }
  // Only now: no handler of the application's may run here.
  const std::uint64_t none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kernel_sigset_bytes);
}

GLOVEBOX_UNINSTRUMENTED bool close_from(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0u, 0u) == 0) return true;
  if (errno != ENOSYS && errno != EPERM) return false;
  rlimit limit{};
  if (::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) != 0) return false;
  for (rlim_t fd = first; fd < limit.rlim_cur; ++fd) ::syscall(SYS_close, fd);
  return true;
}

GLOVEBOX_UNINSTRUMENTED bool arrange_descriptors(launch& shared) {
  // First out of the way of the numbers it might occupy: an application may have closed its
  // standard streams.
  constexpr long above_fixed = control_fd + 1;
  const long control = ::syscall(SYS_fcntl, shared.control, F_DUPFD_CLOEXEC, above_fixed);
  if (control < 0) return fail(shared, step::control);

  long null = ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
  if (null < 0) return fail(shared, step::null_device);
  if (null < above_fixed) {
    null = ::syscall(SYS_fcntl, null, F_DUPFD_CLOEXEC, above_fixed);
    if (null < 0) return fail(shared, step::null_device);
  }
  for (int stream = 0; stream <= 2; ++stream) {
    const long flags = ::syscall(SYS_fcntl, stream, F_GETFD, 0);
    const bool inherited = stream != 0 && flags >= 0 && (flags & FD_CLOEXEC) == 0;
    if (!inherited && duplicate(static_cast<int>(null), stream, 0) < 0) {
      return fail(shared, step::stdio);
    }
  }
  if (duplicate(static_cast<int>(control), control_fd, 0) < 0) return fail(shared, step::control);
  return close_from(control_fd + 1) || fail(shared, step::close);
}

GLOVEBOX_UNINSTRUMENTED int server_before_exec(void* argument) {
  auto& shared = *static_cast<launch*>(argument);
  default_signals();
  // Its own session: the terminal's Ctrl-C and hang-up are the application's.
  if (::syscall(SYS_setsid) < 0) {
    fail(shared, step::session);
  } else if (arrange_descriptors(shared)) {
    ::syscall(SYS_execve, shared.program, shared.arguments, shared.environment);
    fail(shared, step::exec);
  }
  ::syscall(SYS_exit_group, 127);
  return 127;
}

GLOVEBOX_UNINSTRUMENTED int intermediate(void* argument) {
  auto& shared = *static_cast<launch*>(argument);
  // The table of descriptors is still the application's (CLONE_FILES), and so is the pidfd: made
  // with the process, it cannot be another's who got the number later.
  shared.server = __clone(server_before_exec, shared.server_stack,
                          CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, argument, &shared.pidfd);
  if (shared.server < 0) {
    fail(shared, step::server);
  } else if (shared.failed != step::none) {
    ::syscall(SYS_wait4, shared.server, nullptr, __WALL, nullptr);
  }
  ::syscall(SYS_exit_group, 0);
  return 0;
}

// Two stacks with a guard below each, for the life of one launch.
class launch_stacks {
 public:
  launch_stacks() {
    memory_ = ::mmap(nullptr, 2 * (guard_bytes + stack_bytes), PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory_ == MAP_FAILED) fail_with("mmap");
    for (std::size_t i = 0; i < 2; ++i) {
      if (::mprotect(static_cast<char*>(top(i)) - stack_bytes, stack_bytes,
                     PROT_READ | PROT_WRITE) != 0) {
        const int error = errno;
        release();
        errno = error;
        fail_with("mprotect");
      }
    }
  }
  ~launch_stacks() { release(); }
  launch_stacks(const launch_stacks&) = delete;
  launch_stacks& operator=(const launch_stacks&) = delete;

  void* top(std::size_t index) const noexcept {
    return static_cast<char*>(memory_) + (index + 1) * (guard_bytes + stack_bytes);
  }

 private:
  [[noreturn]] static void fail_with(const char* step) {
    throw std::system_error(errno, std::generic_category(),
                            std::string("fork server: stack: ") + step);
  }
  void release() noexcept { ::munmap(memory_, 2 * (guard_bytes + stack_bytes)); }

  void* memory_;
};

GLOVEBOX_UNINSTRUMENTED void run(launch& shared, void* stack) {
  // No handler of the application's may run in what follows, the C library's own signals included,
  // which pthread_sigmask would leave out.
  const std::uint64_t all = ~std::uint64_t{0};
  std::uint64_t before = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, kernel_sigset_bytes);

  // Exit signal 0: it is no child that waitpid(-1) waits for, it raises no SIGCHLD, and SIGCHLD
  // being ignored does not reap it.
  const int process = __clone(intermediate, stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &shared);
  if (process < 0) {
    fail(shared, step::intermediate);
  } else {
    // ECHILD: the application waits with __WALL itself, and was faster.
    while (::syscall(SYS_wait4, process, nullptr, __WALL, nullptr) < 0 && errno == EINTR) {
    }
  }
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, kernel_sigset_bytes);
}

// Valgrind runs no processes that share memory but a vfork, which it makes a fork that the caller
// waits for; it shows /proc/self/exe to readlink only; old ones know no pidfd_open. What is lost
// under it: the application's own waitpid(-1) may see the intermediate.
bool under_valgrind() {
  const char* const preloaded = std::getenv("LD_PRELOAD");
  return preloaded != nullptr && std::strstr(preloaded, "vgpreload") != nullptr;
}

void run_in_valgrind(launch& asked) {
  void* const memory =
      ::mmap(nullptr, sizeof(launch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    fail(asked, step::intermediate);
    return;
  }
  auto& shared = *new (memory) launch(asked);
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  if (std::string_view(asked.program) == "/proc/self/exe") shared.program = program.c_str();
  const pid_t process = ::fork();
  if (process == 0) {
    const pid_t server = ::vfork();
    if (server == 0) server_before_exec(&shared);
    shared.server = server;
    if (server < 0) fail(shared, step::server);
    ::_exit(0);
  }
  if (process < 0) fail(shared, step::intermediate);
  while (process > 0 && ::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  asked = shared;
  ::munmap(memory, sizeof(launch));
  if (asked.failed == step::none)
    asked.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, asked.server, 0));
}

}  // namespace

detached_program launch_detached(std::vector<std::string> command, const std::string& what) {
  auto [ours, theirs] = transport::packet_pair();

  const std::vector<char*> arguments = pointers_to(command);
  const launch_stacks stacks;
  launch shared{.program = command.front().c_str(),
                .arguments = arguments.data(),
                .environment = environ,
                .control = theirs.get(),
                .server_stack = stacks.top(1)};
  if (under_valgrind())
    run_in_valgrind(shared);
  else
    run(shared, stacks.top(0));

  detached_program launched{.control = std::move(ours),
                            .pidfd = transport::unique_fd(shared.pidfd),
                            .pid = shared.server};
  if (shared.failed != step::none) {
    const std::error_code why(shared.error, std::generic_category());
    const std::string text = what + ": " + name_of(shared.failed);
    if (shared.failed == step::exec) throw exec_error(why, text + " " + command.front());
    throw std::system_error(why, text);
  }
  return launched;
}

fork_server launch_fork_server(const server_options& options) {
  std::vector<std::string> command{options.program, fork_server_argument(control_fd)};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  return launch_detached(std::move(command), "fork server");
}

void reap_if_adopted(const detached_program& server) noexcept {
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(server.pidfd.get()), &info, WEXITED | WNOHANG | __WALL);
}

}  // namespace glovebox::process
