// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/command_start.hpp"

#include "process/environment.hpp"
#include "process/start_steps.hpp"

#include <sched.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::process {
namespace {

/// Until it is destroyed, this thread and what it forks keep off a processor, if there are others.
/// Whatever the application's event loop does next on its own would wait for the command, even when
/// another is idle: the kernel moves those that wait only every few milliseconds. And a fork, or an
/// exec, is long for the kernel, which does nothing else on that processor meanwhile.
class kept_off {
 public:
  explicit kept_off(int processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return;
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t others = before_;
    CPU_CLR(static_cast<std::size_t>(processor), &others);
    changed_ = CPU_COUNT(&others) != 0 && ::sched_setaffinity(0, sizeof others, &others) == 0;
  }
  ~kept_off() {
    if (changed_) ::sched_setaffinity(0, sizeof before_, &before_);
  }
  kept_off(const kept_off&) = delete;
  kept_off& operator=(const kept_off&) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

struct program {
  std::vector<int> descriptors{};
  std::vector<char*> arguments, environment;
};

[[noreturn]] void execute(const start_request& request, program& what, pid_t server) {
  const bool ready = take_first_steps(request, what.descriptors, server) == start_stage::none &&
                     limit_memory(request.memory_limit);
  const auto streams = what.descriptors.begin() + 2;
  what.descriptors.erase(streams, streams + request.has_stdout + request.has_stderr);
  if (ready && hand_over(what.descriptors))
    ::execve(what.arguments.front(), what.arguments.data(), what.environment.data());
  ::_exit(exit_of_failed_start);
}

}  // namespace

pid_t start_command(const start_request& request,
                    std::span<const transport::unique_fd> descriptors) {
  std::vector<std::string> words = request.command,
                           variables = environment_with(request.environment);
  program what{.arguments = pointers_to(words), .environment = pointers_to(variables)};
  for (const transport::unique_fd& each : descriptors) what.descriptors.push_back(each.get());
  const pid_t server = ::getpid();
  const kept_off moved(request.avoided_processor);
  const pid_t pid = ::vfork();
  if (pid == 0) execute(request, what, server);
  return pid;
}

}  // namespace glovebox::process
