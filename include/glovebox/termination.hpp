// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/stack_trace.hpp>

#include <sys/types.h>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox {

/// Why a child ended, or why its calls did. Each is decided by evidence; where the evidence is
/// missing the cause is the weaker one, never a guess.
enum class cause : std::uint8_t {
  unknown,              ///< it is gone, and nothing says why
  signal,               ///< it raised a signal itself: `signal_number`, `signal_code`, `address`
  exit,                 ///< it exited by itself, also with status 0: `exit_code`
  out_of_memory,        ///< aborted or crashed after an allocation that failed
  policy_violation,     ///< it did what its policy forbids
  deadline,             ///< the parent killed it for a call that overran its deadline
  protocol_violation,   ///< it sent what the protocol does not allow, and was killed for it
  killed_by_owner,      ///< the parent's code ended it: `kill()`, `stop()`, a destructor
  killed_from_outside,  ///< a signal of another process's, whose sender is not known
  fork_server_lost,     ///< the process that starts and watches the children died
  exec_failed,          ///< the host program could not be executed: `error_number`, `detail`
  start_failed,         ///< no child could be started: `error_number`, `detail`
  start_timeout,        ///< the child did not say that it is ready in time
};

/// How far a call had come when its child ended.
enum class phase : std::uint8_t {
  queued,    ///< never started; sending it again cannot do it twice
  running,   ///< started and not finished
  finished,  ///< ran to its end, but its reply was lost
  unknown,   ///< the flight recorder's contents are implausible
};

/// Whether the call is what ended the child.
enum class culprit : std::uint8_t { no, yes, unknown };

/// Resources a child had used when it was reaped.
struct resource_usage {
  std::uint64_t peak_memory = 0;  ///< largest resident set [bytes]
  std::chrono::microseconds user_time{};
  std::chrono::microseconds system_time{};
};

/// `coloured` is for terminals (SGR sequences of ECMA-48).
enum class report_style : std::uint8_t { plain, coloured };
/// Whether the descriptor is a terminal that colours are good for: the environment's NO_COLOR is
/// not set.
GLOVEBOX_API bool wants_colour(int descriptor) noexcept;

/// All that is known about the end of a child, seen from one of its calls.
struct termination {
  glovebox::cause cause = cause::unknown;
  glovebox::phase phase = phase::unknown;
  glovebox::culprit culprit = culprit::unknown;
  pid_t pid = 0;
  int signal_number = 0;      ///< 0: none
  int signal_code = 0;        ///< `si_code`, when the child could record it
  std::uint64_t address = 0;  ///< faulting address of SIGSEGV, SIGBUS, SIGILL, SIGFPE
  int exit_code = -1;         ///< -1: it did not exit by itself
  int error_number = 0;       ///< `errno` of a failed start
  bool exit_pending = false;  ///< killed, but its end was not seen yet; a thread goes on
  std::string detail;         ///< what the cause needs in words: a path, the rule that was broken
  std::string method;         ///< the call's function, as a person would write it
  std::string arguments;      ///< its arguments, shortened in the middle
  /// Of arguments of more than 300 bytes: their size and a checksum, to see whether two of them
  /// are the same; `4711 bytes, CRC-32 0x1f2e3d4c`. Of parts beyond 64 KiB both ends are summed up.
  std::string arguments_digest;
  std::chrono::nanoseconds elapsed{};    ///< running time of the call, 0 when it never started
  std::vector<std::string> stderr_tail;  ///< last lines the child wrote to its standard error
  /// What the C library said when it aborted (`double free or corruption`), std::terminate about
  /// the exception that nobody caught, or a sanitizer, whose report stands in `stderr_tail`.
  std::string message;
  /// Where its threads were when it crashed, or when its deadline had passed. The one that crashed
  /// stands first, else the main thread.
  std::vector<thread_trace> threads;
  /// Where its core file is, if it has left one (`context_options::core_dumps`).
  std::string core_file;
  resource_usage usage;
  /// Not 0: the call was not run, since so many children had died of the same one before. The rest
  /// is about the last of them. See `pool_options::poison_after`.
  std::uint32_t refused_after = 0;

  /// One line: `SIGSEGV (address not mapped) at 0x10 in detect("a.png", 0.5)`.
  GLOVEBOX_API std::string summary() const;
  /// The whole report, several lines, none over 100 columns.
  GLOVEBOX_API std::string report(report_style style = report_style::plain) const;
  /// An object of JSON in one line, with what is known; texts stand there as the report shows them.
  GLOVEBOX_API std::string to_json() const;
};

GLOVEBOX_API std::string_view to_string(cause) noexcept;
GLOVEBOX_API std::string_view to_string(phase) noexcept;
GLOVEBOX_API std::string_view to_string(culprit) noexcept;

}  // namespace glovebox
