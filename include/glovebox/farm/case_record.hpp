// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/outcome.hpp>
#include <glovebox/termination.hpp>

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace glovebox {

/// All that is kept of one case. Texts come from the case and from the child: any bytes may be in
/// them. In a line of JSON each field has the name given in brackets; fields without content are
/// left out there.
struct case_record {
  std::size_t index = 0;                         ///< [case] position in the dataset
  std::string name;                              ///< [name]
  std::string input;                             ///< [input] shortened, as `farm_input` writes it
  glovebox::outcome outcome = outcome::not_run;  ///< [outcome]
  /// [cause] Why its child ended, or was ended. Nothing: the child lived.
  std::optional<glovebox::cause> cause;
  glovebox::phase phase = phase::unknown;        ///< [phase] when the child ended
  glovebox::culprit culprit = culprit::unknown;  ///< [culprit] when the child ended
  std::string type;                              ///< [type] of the exception it threw
  std::string message;                           ///< [message] one line that says what happened
  std::string result;     ///< [result] what the text function made of the returned value
  int signal_number = 0;  ///< [signal] that ended the child; 0: none
  int exit_code = -1;     ///< [exit_code] of the child; -1: it did not exit by itself
  /// [elapsed_us, microseconds] Time the function took, measured in the child.
  std::chrono::nanoseconds elapsed{};
  /// [peak_memory, bytes] Largest resident set of the child while the case ran; of a child that
  /// died, in its whole life. 0: not measured.
  std::uint64_t peak_memory = 0;
  std::vector<std::string> stderr_tail;  ///< [stderr] last lines, when the child died
  pid_t pid = 0;                         ///< [pid] of the child, when it died
  std::uint32_t attempts = 0;            ///< [attempts] times it was given to a child
  /// [last_words] What the C library said when it aborted, or std::terminate about the exception
  /// that nobody caught.
  std::string last_words;
  /// [stack, the first thread's functions, the innermost first] Where the child's threads were when
  /// it crashed, or when its deadline had passed; the one that crashed stands first.
  std::vector<thread_trace> threads;
  /// [group] What it has in common with failures of the same reason: see `failure_group`.
  std::string group;

  /// Several lines for people, none over 100 columns.
  GLOVEBOX_API std::string report() const;
};

}  // namespace glovebox
