// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/termination.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <cstdint>
#include <optional>

namespace glovebox::process {

/// How a process ended, in the words of waitid.
struct exit_status {
  int code = 0;    ///< CLD_EXITED, CLD_KILLED or CLD_DUMPED
  int status = 0;  ///< exit code, or the number of the signal
  resource_usage usage;
};

/// waitid(2) as the kernel has it: the library's keeps the resource usage to itself.
/// \returns false when there is no such child, or with WNOHANG none of that kind
bool wait_for(idtype_t type, id_t id, siginfo_t& info, int options, rusage* usage = nullptr);
exit_status to_exit_status(const siginfo_t& info, const rusage& usage);

/// Asks the kernel itself (6.15 or newer), so that it works when the fork server is dead. Nothing
/// while the process lives *or is not yet reaped*, and on older kernels. `usage` stays empty.
std::optional<exit_status> exit_from_pidfd(int pidfd);

}  // namespace glovebox::process
