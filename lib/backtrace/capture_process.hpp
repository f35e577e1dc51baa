// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"
#include "core/frame.hpp"
#include "process/crash_record.hpp"

#include <sys/types.h>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace glovebox::backtrace {

inline constexpr std::size_t most_threads = 64;
/// How much is copied of a stack: of its innermost part, of any thread; of one that matters most.
inline constexpr std::size_t stack_bytes = 256 * 1024;
inline constexpr std::size_t deep_stack_bytes = 8 * 1024 * 1024;

/// Looks at a living process. What can be prepared is prepared before, so that its threads stand
/// still for a moment only. Where something cannot be had, a thread's note says why.
class process_camera {
 public:
  /// \param pidfd tells whether it is still that process
  process_camera(pid_t pid, int pidfd);

  /// All threads, the main one first. None stands still any more when it returns, unless it could
  /// not be made to within the time.
  capture take() const;

  /// The mappings, if there are none yet; and, of a process that waits, the `others` beside the
  /// thread that has crashed, and more of that one's stack.
  /// \param crashed from the record, its thread first
  void add_to(capture& crashed, bool others) const;

  /// Makes `take` quicker.
  void take_aim() const;

  std::vector<mapping> mappings() const;
  bool is_alive() const;

 private:
  struct subject;

  std::vector<subject> find_threads() const;
  void describe(subject& each) const;
  void stop(std::vector<subject>& all) const;
  void wait_for_stops(std::vector<subject>& all) const;
  void copy(subject& each, std::span<const mapping> mappings) const;
  void look_closer(captured_thread& crashed, std::span<const mapping> mappings) const;
  void deepen(captured_thread& thread, std::span<const mapping> mappings) const;
  void let_go(std::vector<subject>& all) const;
  void take_threads(std::vector<subject>& all, std::span<const mapping> mappings) const;

  pid_t pid_;
  int pidfd_;
};

/// What the record says, checked for nothing but its sizes.
capture from_record(const process::crash_record& record);

using record_copy = std::unique_ptr<process::crash_record, core::free_memory>;

/// The record in a file; zeros where it is shorter.
record_copy read_record(int fd);

}  // namespace glovebox::backtrace
