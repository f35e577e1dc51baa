// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/recorder.hpp"

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

namespace glovebox::process {

/// Makes a copy of this process as fork(2) does, but as a sibling, in a process group of its own:
/// the copy's parent is the caller's, which reaps it, and leads its own group. The caller must be
/// the only thread. Handlers of pthread_atfork(3) do not run. \returns its pid; 0 in the copy
/// \throws std::system_error
pid_t copy_process(pid_t parent);

/// What a copy gets instead of what its original has; empty: it keeps that. Owned by the caller.
struct copy_belongings {
  int channel = -1;       ///< takes the number of the original's
  int recorder = -1;      ///< takes the place of the original's in memory
  int registration = -1;  ///< what is written there tells the fork server who the copy is
  int standard_output = -1;
  int standard_error = -1;
};

/// In a copy: makes it a child of its own: death with the fork server, channel, recorder, outputs.
/// Then says 0, or the error because of which it can't live, to its parent, before anything else
/// that goes along the channel, and to the server. False: it can't.
bool settle_copy(const copy_belongings& own, pid_t server, int channel,
                 recorder_page& page) noexcept;

/// The names of this process's other threads; nothing where there is no /proc to tell.
std::optional<std::vector<std::string>> other_threads();

}  // namespace glovebox::process
