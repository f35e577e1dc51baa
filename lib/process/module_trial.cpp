// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/module_trial.hpp"

#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <system_error>

namespace glovebox::process {
namespace {

using transport::unique_fd;

long own_threads() {
  long count = 0;
  std::error_code none;  // without /proc nobody knows
  for ([[maybe_unused]] const auto& thread :
       std::filesystem::directory_iterator("/proc/self/task", none))
    ++count;
  return count;
}

std::string signal_or_status(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) return "exits with status " + std::to_string(end.si_status);
  return std::string("ends by signal ") + std::to_string(end.si_status) + " (" +
         ::strsignal(end.si_status) + ')';
}

[[noreturn]] void load_and_tell(const std::string& name, load_module_function load, int to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string result;
  try {
    const long before = own_threads();
    load(name);
    result = std::to_string(own_threads() - before);
  } catch (const std::exception& why) {
    result = std::string("!") + why.what();
  }
  if (result.size() > PIPE_BUF) result.resize(PIPE_BUF);
  const bool told =
      ::write(to, result.data(), result.size()) == static_cast<ssize_t>(result.size());
  ::_exit(told ? 0 : 1);
}

/// Whether there is something to be read, or the end of it, before it is too late.
bool answers(int reader, int control, const trial_clock& clock) {
  std::array<pollfd, 2> watched{
      {{.fd = reader, .events = POLLIN, .revents = 0}, {.fd = control, .events = 0, .revents = 0}}};
  int ready;
  do ready = ::poll(watched.data(), watched.size(), clock.left_ms());
  while (ready < 0 && errno == EINTR);
  return ready > 0 && watched[0].revents != 0;
}

std::string in_seconds(std::chrono::milliseconds time) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%g s", static_cast<double>(time.count()) / 1000);
  return text.data();
}

}  // namespace

int trial_clock::left_ms() const {
  using std::chrono::milliseconds;
  const auto gone = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - begin);
  return static_cast<int>(std::clamp(limit - gone, milliseconds(0), milliseconds(INT_MAX)).count());
}

trial try_module(const std::string& name, load_module_function load, int control,
                 const trial_clock& clock) {
  const std::string called = "the module '" + name + "'";
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {called + " was not tried: pipe2"};
  const unique_fd reader(ends[0]);
  unique_fd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return {called + " was not tried: fork: " + std::strerror(errno)};
  if (pid == 0) load_and_tell(name, load, writer.get());
  writer.reset();
  const bool answered = answers(reader.get(), control, clock);
  std::string result;
  std::array<char, PIPE_BUF> piece;
  if (answered)
    if (const ssize_t size = ::read(reader.get(), piece.data(), piece.size()); size > 0)
      result.assign(piece.data(), static_cast<std::size_t>(size));
  ::kill(pid, SIGKILL);  // also one that has told its result and does not exit
  siginfo_t end{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | __WALL) != 0 && errno == EINTR) {
  }
  if (result.starts_with('!')) return {result.substr(1)};
  if (!answered) return {called + " was not loaded within " + in_seconds(clock.limit), 0, true};
  if (result.empty()) return {called + ' ' + signal_or_status(end) + " while it is loaded"};
  return {{}, std::strtol(result.c_str(), nullptr, 10)};
}

}  // namespace glovebox::process
