// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/command_start.hpp"

#include "process/environment.hpp"
#include "process/kept_off.hpp"
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
