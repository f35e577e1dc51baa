// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Faults on purpose, for tests of how an application recovers: children that die, hang, lie or
/// cannot be started, at a moment that the test chooses.

#include <glovebox/config.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

namespace glovebox::testing {

/// What a child does with a call.
enum class fault : std::uint8_t {
  none,
  kill,      ///< dies of SIGKILL before the function runs, as of the kernel's OOM killer
  crash,     ///< raises SIGSEGV before the function runs
  exit,      ///< leaves with exit code 0
  hang,      ///< never runs the function, and heeds no request to stop
  slow,      ///< runs the function only after a time
  delay,     ///< runs the function, and answers only after a time
  drop,      ///< runs the function, and never answers; goes on with the next call
  truncate,  ///< runs the function, sends half of the answer, and dies of SIGKILL
  corrupt,   ///< runs the function, and sends bytes that are no answer
  close,     ///< runs the function, closes its channel, and goes on without it
};
GLOVEBOX_API std::string_view to_string(fault) noexcept;

/// Which calls go wrong, and how. Shared by the contexts whose `context_options::faults` it is; for
/// a pool by all of its children, and those that replace them. Calls are counted in the order in
/// which they are sent, starts in the order in which they are made, each from 1 on.
///
/// Thread-safe. Faults may be added at any time.
class GLOVEBOX_API fault_plan {
 public:
  /// The `call`-th call goes wrong.
  /// \param time of `slow` and `delay`
  void at_call(std::uint64_t call, fault what,
               std::chrono::nanoseconds time = std::chrono::milliseconds(100));
  /// Every `interval`-th call goes wrong, from the `interval`-th on, unless `at_call` says
  /// otherwise. 0: none any more.
  void at_every(std::uint64_t interval, fault what,
                std::chrono::nanoseconds time = std::chrono::milliseconds(100));
  /// The `start`-th start of a child fails with this `errno`: EAGAIN when there are too many
  /// processes, ENOMEM, EMFILE when no descriptor is left.
  void at_start(std::uint64_t start, int error_number);

  /// Calls and starts counted so far.
  std::uint64_t calls() const;
  std::uint64_t starts() const;

  // ---- for the library
  struct planned {
    fault what = fault::none;
    std::chrono::nanoseconds time{};
  };
  /// Counts a call: what becomes of it.
  planned next_call();
  /// Counts a start: what it fails with; 0: it does not.
  int next_start();

 private:
  mutable std::mutex lock_;
  std::uint64_t calls_ = 0, starts_ = 0, interval_ = 0;
  planned every_;
  std::map<std::uint64_t, planned> at_call_;
  std::map<std::uint64_t, int> at_start_;
};

}  // namespace glovebox::testing
