// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"
#include "process/launcher.hpp"
#include "process/messages.hpp"
#include "process/process_handle.hpp"
#include "process/recorder.hpp"
#include "transport/socket.hpp"

#include <signal.h>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// What the tests of the fork server share: an application that talks to one fork server, and the
/// words its children understand. Errors are exceptions, so that it may be used from any thread.
namespace process_test {

using glovebox::start_method;
using glovebox::transport::unique_fd;
namespace process = glovebox::process;
namespace transport = glovebox::transport;

/// Longest wait for an event that must come [ms]. Only a failing test waits that long.
inline constexpr int patience_ms = 60'000;

/// Waits for a descriptor; false when `milliseconds` pass.
bool readable(int fd, int milliseconds = patience_ms);
bool writable(int fd, int milliseconds);
/// The process of a pidfd has ended.
inline bool ended(int pidfd) {
  return readable(pidfd);
}

std::set<int> open_descriptors(pid_t of);
/// Without the one that the server keeps for whoever wants the next.
std::vector<pid_t> children_of(pid_t parent);
/// That one, once there is one. \throws std::runtime_error when none comes
pid_t spare_of(pid_t server);
/// A pidfd, -1 when there is no such process.
unique_fd watch(pid_t pid);

/// The program's side of the children's protocol: one word, one argument, one line in answer.
void child_main(process::child_setup setup);

/// Of the answer to `descriptors`: those that no child should have.
std::string stray_descriptors(std::string answer);
/// A line of /proc/PID/status.
std::string status_of(pid_t pid, const std::string& name);

struct child {
  std::uint64_t id = 0;
  pid_t pid = 0;
  unique_fd pidfd;
  unique_fd channel;
  process::recorder recorder;

  /// \throws std::runtime_error when the child does not answer
  std::string ask(const std::string& question) const;
  void tell(const std::string& order) const;
  std::string line() const;
  /// The child has closed its end (or died).
  bool hung_up() const;
};

class application {
 public:
  explicit application(const process::server_options& options = {});

  /// Sends a request; returns the application's part of the child, without its pid yet.
  child request(process::start_request request, std::vector<int> stdio = {});
  /// Also waits for `started`. \throws std::runtime_error when the answer is another
  child start(const process::start_request& request = {}, std::vector<int> stdio = {});
  child start(start_method method) { return start({.method = method}); }

  /// The next message that is about this child; others are kept for later.
  process::server_message next(std::uint64_t id);
  process::exit_status wait_for_exit(const child& of);
  process::start_failed wait_for_failure(std::uint64_t id);
  /// The pidfd that came with the `started` of this child.
  unique_fd take_pidfd(std::uint64_t id);
  /// The server has done everything it was asked to so far, and holds nothing because of it.
  void settle();

  process::fork_server server;

 private:
  std::deque<std::pair<std::uint64_t, process::server_message>> kept_;
  std::map<std::uint64_t, unique_fd> pidfds_;
  std::uint64_t next_id_ = 1;
};

inline bool is_exit(const process::exit_status& status, int code) {
  return status.code == CLD_EXITED && status.status == code;
}
inline bool is_kill(const process::exit_status& status, int signal) {
  return status.code == CLD_KILLED && status.status == signal;
}

}  // namespace process_test
