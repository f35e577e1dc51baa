// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Without a process: `backend::in_process`, for debuggers, profilers and sanitizers, which then
/// see caller and callee in one process. Everything that is reached through a context works as
/// before: calls and objects, modules and C libraries, values by copy, exceptions, callbacks,
/// streams, shared memory, descriptors, cancellation, pools and farms. What is not there is
/// isolation:
///
/// - **A crash is this process's crash**, and so are `exit()` in a call, and memory or global
///   variables that it overwrites. Global variables are shared by all children that are threads,
///   and remain when one has ended.
/// - **Nothing can be killed.** A call that overruns its deadline, or whose context is killed, ends
///   for its caller as ever, and code that looks at its `std::stop_token` is told. Its thread goes
///   on until the function returns; `termination::exit_pending` and `detail` say so.
/// - What would need a process is refused at the start, by a `cause::start_failed` that says what
/// to
///   do instead: limits of memory and processor time, `start_method::spawn`, another directory or
///   environment than this process's, faults on purpose. So is `context::jail`. Outputs are this
///   process's own, whatever the options say; nothing is captured.
///
/// The page docs/debugging.md has all of it.

#include <cstdint>

namespace glovebox {

/// What a context's child is.
enum class backend : std::uint8_t {
  /// A process, unless this one's environment says `GLOVEBOX_BACKEND=in_process`. That also waives
  /// what would be refused and only bounds or spreads resources, the limits of memory and processor
  /// time and `start_method::spawn`: `context::start_note()` says so. Never a jail. In a program
  /// with more privileges than its user (setuid) the variable has no effect.
  automatic,
  /// A process, whatever the environment says: for code that must never run in this one.
  process,
  /// A thread of this process.
  in_process,
};

}  // namespace glovebox
