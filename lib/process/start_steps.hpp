// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/messages.hpp"

#include <sys/types.h>
#include <cstdint>
#include <span>

// What children and commands do at their start, in a process just forked from the fork server.
// Commands do it in the server's own memory (vfork), so nothing here changes what the server needs.
// Each step that fails leaves its error in `errno`.

namespace glovebox::process {

inline constexpr int exit_of_failed_start = 127;  // as shells do

/// Where a program that is executed finds its descriptors: from here on, in their order.
inline constexpr int first_handed_over = 3;

/// All that the request asks for but its environment and the memory limit.
/// \param descriptors those of the request, in its order
/// \param server its process; the caller dies with it
/// \returns the step that failed; `start_stage::none`: none did
start_stage take_first_steps(const start_request& request, std::span<const int> descriptors,
                             pid_t server) noexcept;

/// Makes these the only ones that a program finds, besides the standard streams. Those given become
/// copies elsewhere, as far as it got; false when it did not get to the end.
bool hand_over(std::span<int> descriptors) noexcept;

/// Limits this process's address space to so much more than it has mapped now [bytes], and its
/// processor time [s]; 0: not at all.
bool limit_memory(std::uint64_t bytes) noexcept;
bool limit_cpu(std::uint64_t seconds) noexcept;

}  // namespace glovebox::process
