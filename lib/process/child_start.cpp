// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/child_start.hpp"

#include "process/markers.hpp"
#include "process/recorder.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::process {
namespace {

constexpr int exit_of_failed_start = 127;  // as shells do
constexpr const char* child_name = "glovebox-child";

// Where a program that is executed finds its descriptors: from here on, in their order.
constexpr int first_handed_over = 3;
constexpr int spawned_channel = first_handed_over;
constexpr int spawned_recorder = spawned_channel + 1;

// \param recorder_fd negative: there is none
template <class Record>
[[noreturn]] void give_up(int recorder_fd, Record record) {
  if (recorder_fd < 0) ::_exit(exit_of_failed_start);
  try {
    record(*recorder::attach(recorder_fd));
  } catch (const std::exception&) {
    // No recorder, no explanation: the exit code has to do.
  }
  ::_exit(exit_of_failed_start);
}

[[noreturn]] void give_up(int recorder_fd, start_stage stage, int error) {
  give_up(recorder_fd, [&](recorder_page& page) {
    page.start_stage.store(static_cast<std::uint32_t>(stage));
    page.start_errno.store(static_cast<std::uint32_t>(error));
  });
}

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// stdin is /dev/null since the launch of the fork server.
bool arrange_stdio(const start_request& request, std::span<transport::unique_fd> descriptors) {
  std::size_t next = 2;
  if (request.has_stdout && ::dup2(descriptors[next++].get(), STDOUT_FILENO) < 0) return false;
  if (request.has_stderr && ::dup2(descriptors[next++].get(), STDERR_FILENO) < 0) return false;
  for (transport::unique_fd& copied : descriptors.subspan(2, next - 2)) copied.reset();
  return true;
}

bool apply_environment(const std::vector<std::string>& variables) {
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    const int failed = equals == std::string::npos
                           ? ::unsetenv(name.c_str())
                           : ::setenv(name.c_str(), variable.c_str() + equals + 1, 1);
    if (failed != 0) return false;
  }
  return true;
}

bool limit_core_dumps(bool wanted) {
  rlimit limit{};
  if (wanted) {
    if (::getrlimit(RLIMIT_CORE, &limit) != 0) return false;
    limit.rlim_cur = limit.rlim_max;
  }
  return ::setrlimit(RLIMIT_CORE, &limit) == 0;
}

}  // namespace

// The kernel sends SIGXCPU at the soft limit and every second from then on, SIGKILL at the hard
// one.
bool limit_cpu(std::uint64_t seconds) noexcept {
  if (seconds == 0) return true;
  constexpr std::uint64_t to_end_by_itself = 5;
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0) return false;
  limit.rlim_cur = std::min<rlim_t>(seconds, limit.rlim_max);
  if (seconds < RLIM_INFINITY - to_end_by_itself)
    limit.rlim_max = std::min<rlim_t>(seconds + to_end_by_itself, limit.rlim_max);
  return ::setrlimit(RLIMIT_CPU, &limit) == 0;
}

namespace {

// The address space mapped now [bytes]; 0 with errno set when the kernel does not say.
std::uint64_t mapped_bytes() {
  const transport::unique_fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!file) return 0;
  char text[64];
  const ssize_t length = ::read(file.get(), text, sizeof text);
  if (length <= 0) return 0;
  std::uint64_t pages = 0;
  if (std::from_chars(text, text + length, pages).ec != std::errc()) pages = 0;
  if (pages == 0) errno = EIO;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

bool limit_memory(std::uint64_t bytes) noexcept {
  if (bytes == 0) return true;
  const std::uint64_t mapped = mapped_bytes();
  if (mapped == 0) return false;
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0) return false;
  // Whoever limits the fork server harder has the last word. RLIM_INFINITY is the largest number.
  const std::uint64_t sum = bytes > RLIM_INFINITY - mapped ? RLIM_INFINITY : mapped + bytes;
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(sum, limit.rlim_max);
  return ::setrlimit(RLIMIT_AS, &limit) == 0;
}

namespace {

// Makes these the only ones that a program finds, besides the standard streams. Those given become
// copies elsewhere, as far as it got; false with errno set when it did not get to the end.
bool hand_over(std::span<int> descriptors) {
  // First out of the way of each other's numbers.
  const int above_fixed = first_handed_over + static_cast<int>(descriptors.size());
  for (int& each : descriptors) {
    const int copy = ::fcntl(each, F_DUPFD_CLOEXEC, above_fixed);
    if (copy < 0) return false;
    each = copy;
  }
  int next = first_handed_over;
  for (const int each : descriptors)
    if (::dup2(each, next++) < 0) return false;
  // Modules preloaded into the fork server may have opened things without close-on-exec. Kernels
  // that cannot do this in one go leave those open: untidy, not wrong.
  ::close_range(static_cast<unsigned>(above_fixed), ~0u, CLOSE_RANGE_CLOEXEC);
  return true;
}

// \param recorder_fd the one among the descriptors that takes the reason of a failure; null: none
// \param words the program's path and its arguments
[[noreturn]] void execute(std::span<int> descriptors, const int* recorder_fd,
                          const std::vector<std::string>& words) {
  const bool handed_over = hand_over(descriptors);
  int error = errno;
  const int explain_in = recorder_fd ? *recorder_fd : -1;
  if (!handed_over) give_up(explain_in, start_stage::exec, error);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  error = errno;
  give_up(explain_in, [error](recorder_page& page) {
    page.exec_errno.store(static_cast<std::uint32_t>(error));
  });
}

// The kernel lets a process run for some milliseconds before it asks who else wants to: long enough
// to hold up the application's event loop, beside which commands run. The C library has no function
// for it before glibc 2.41; where the kernel knows nothing of slices (before Linux 6.12), nothing
// changes.
void ask_for_short_slices() {
  struct {
    std::uint32_t size = 48;  // SCHED_ATTR_SIZE_VER0
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 100'000;  // [ns]
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
  } wanted;
  static_assert(sizeof wanted == 48);
  ::syscall(SYS_sched_setattr, 0, &wanted, 0u);
}

[[noreturn]] void execute_self(child_setup from, const server_options& self) {
  std::vector<int> descriptors{from.channel, from.recorder};
  descriptors.insert(descriptors.end(), from.descriptors.begin(), from.descriptors.end());
  from.channel = spawned_channel;
  from.recorder = spawned_recorder;
  std::vector<std::string> words{self.program, child_argument(from)};
  words.insert(words.end(), from.arguments.begin(), from.arguments.end());
  execute(descriptors, &descriptors[1], words);
}

[[noreturn]] void run(child_setup setup, child_main_function child_main) {
  // Last, so that it takes away from nothing but the child's own code.
  if (!limit_memory(setup.memory_limit)) {
    give_up(setup.recorder, start_stage::memory_limit, errno);
  }
  setup.memory_limit = 0;
  child_main(std::move(setup));
  // Not exit(): the handlers and static destructors of a forked image are the fork server's.
  std::fflush(nullptr);
  ::_exit(0);
}

}  // namespace

void run_forked_child(const start_request& request, std::span<transport::unique_fd> descriptors,
                      pid_t server, child_main_function child_main,
                      const server_options& self) noexcept {
  const bool is_command = !request.command.empty();
  const int explain_in = is_command ? -1 : descriptors[1].get();
  const auto require = [explain_in](bool done, start_stage stage) {
    if (!done) give_up(explain_in, stage, errno);
  };
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  errno = ESRCH;
  require(::getppid() == server, start_stage::parent);  // it died before the signal was armed
  ::setpgid(0, 0);
  ::prctl(PR_SET_NAME, child_name);
  unblock_signals();
  require(arrange_stdio(request, descriptors), start_stage::stdio);
  require(apply_environment(request.environment), start_stage::environment);
  require(request.directory.empty() || ::chdir(request.directory.c_str()) == 0,
          start_stage::directory);
  require(limit_core_dumps(request.core_dumps), start_stage::core_limit);
  require(limit_cpu(request.cpu_limit), start_stage::cpu_limit);
  std::vector<int> numbers;
  for (transport::unique_fd& each : descriptors)
    if (each) numbers.push_back(each.release());  // those of the standard streams are in place
  if (is_command) {
    require(limit_memory(request.memory_limit), start_stage::memory_limit);
    ask_for_short_slices();
    execute(numbers, nullptr, request.command);
  }
  child_setup setup{.channel = numbers[0],
                    .recorder = numbers[1],
                    .memory_limit = request.memory_limit,
                    .arguments = request.arguments,
                    .descriptors = {numbers.begin() + 2, numbers.end()}};
  if (request.method == start_method::spawn) execute_self(std::move(setup), self);
  run(std::move(setup), child_main);
}

void run_spawned_child(child_setup setup, child_main_function child_main) noexcept {
  ::prctl(PR_SET_NAME, child_name);
  ::fcntl(setup.channel, F_SETFD, FD_CLOEXEC);
  ::fcntl(setup.recorder, F_SETFD, FD_CLOEXEC);
  for (const int each : setup.descriptors) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  run(std::move(setup), child_main);
}

}  // namespace glovebox::process
