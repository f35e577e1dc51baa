// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/child_start.hpp"

#include "process/environment.hpp"
#include "process/markers.hpp"
#include "process/recorder.hpp"
#include "process/start_steps.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::process {
namespace {

constexpr const char* child_name = "glovebox-child";

constexpr int spawned_channel = first_handed_over;
constexpr int spawned_recorder = spawned_channel + 1;

template <class Record>
[[noreturn]] void give_up(int recorder_fd, Record record) {
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

[[noreturn]] void execute_self(const child_setup& from, const server_options& self) {
  std::vector<int> descriptors{from.channel, from.recorder};
  descriptors.insert(descriptors.end(), from.descriptors.begin(), from.descriptors.end());
  const bool handed_over = hand_over(descriptors);
  int error = errno;
  const int recorder_fd = descriptors[1];
  if (!handed_over) give_up(recorder_fd, start_stage::exec, error);
  child_setup there = from;
  there.channel = spawned_channel;
  there.recorder = spawned_recorder;
  std::vector<std::string> words{self.program, child_argument(there)};
  words.insert(words.end(), from.arguments.begin(), from.arguments.end());
  ::execv(words.front().c_str(), pointers_to(words).data());
  error = errno;
  give_up(recorder_fd, [error](recorder_page& page) {
    page.exec_errno.store(static_cast<std::uint32_t>(error));
  });
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
  std::vector<int> numbers;
  for (transport::unique_fd& each : descriptors) numbers.push_back(each.release());
  const int recorder_fd = numbers[1];
  ::prctl(PR_SET_NAME, child_name);
  if (const start_stage failed = take_first_steps(request, numbers, server);
      failed != start_stage::none)
    give_up(recorder_fd, failed, errno);
  if (!apply_environment(request.environment))
    give_up(recorder_fd, start_stage::environment, errno);
  // Those of the standard streams are in place.
  const auto streams = numbers.begin() + 2;
  const auto others = streams + request.has_stdout + request.has_stderr;
  std::for_each(streams, others, ::close);
  child_setup setup{.channel = numbers[0],
                    .recorder = numbers[1],
                    .memory_limit = request.memory_limit,
                    .arguments = request.arguments,
                    .descriptors = {others, numbers.end()}};
  if (request.method == start_method::spawn) execute_self(setup, self);
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
