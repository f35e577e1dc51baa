// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <string>
#include <system_error>
#include <vector>

namespace glovebox::process {

/// What a fork server and its spawned children execute.
struct server_options {
  std::string program = "/proc/self/exe";  ///< a path, not looked up in PATH
  std::vector<std::string> arguments{};    ///< the server's: follow the marker, which is argv[1]
};

/// The application's end of a program that it has started and that is nobody's child.
struct detached_program {
  transport::unique_fd control;  ///< SOCK_SEQPACKET; the program has the other end as descriptor 3
  transport::unique_fd pidfd;    ///< readable when the program has ended
  pid_t pid = 0;
};

/// Closing `control`, see messages.hpp, makes a fork server kill all its children and exit.
using fork_server = detached_program;

/// The program could not be executed; `code()` is why, `what()` names it.
class exec_error : public std::system_error {
  using std::system_error::system_error;
};

/// Executes a program that is nobody's child: the application's `waitpid(-1)`, SIGCHLD handler and
/// threads neither disturb it nor notice it. It inherits environment, working directory and
/// credentials, and stdout and stderr unless they are close-on-exec; no other descriptor. Returns
/// once the program is executed. May be called from several threads at once.
/// \param command the program's path and its arguments \param what it is, for messages
/// \throws exec_error, or std::system_error that names the step
detached_program launch_detached(std::vector<std::string> command, const std::string& what);

/// The same for a fork server.
fork_server launch_fork_server(const server_options&);

/// To be called when `pidfd` is readable. Who adopts orphans (a sub-reaper, init of a container)
/// becomes its parent after all: this reaps it then, and does nothing otherwise.
void reap_if_adopted(const detached_program&) noexcept;

}  // namespace glovebox::process
