// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/case_record.hpp>
#include <glovebox/pool_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace glovebox {

/// How a farm shows how far it is, on standard error.
enum class progress_style : std::uint8_t {
  automatic,  ///< `bar` on a terminal, otherwise `lines`
  bar,        ///< one line, written anew
  lines,      ///< a line for each tenth of the cases, and when nothing was said for 10 s
  none,
};

/// Whether the peak of each case's memory is measured, which costs about two system calls a case.
enum class memory_measurement : std::uint8_t {
  automatic,  ///< when there is a memory limit
  on,
  off,
};

/// How a farm runs its cases. Holds strings, so on g++ 12 it must not be written in braces inside
/// a `co_await` expression.
struct farm_options {
  /// The children. Other than in a pool of one's own, their standard output is thrown away, and
  /// what they write to their standard error is only kept for records. More `calls_per_child`
  /// pay for cases shorter than about 0.1 ms.
  pool_options pool = [] {
    pool_options chosen;
    chosen.child.standard_output = output::null;
    chosen.child.standard_error = output::capture;
    return chosen;
  }();
  /// Running time of one case, counted from its start in the child. 0: none.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  /// How long a case that overran it may take to end by itself (its function may take a
  /// `std::stop_token`) before its child is killed.
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);
  memory_measurement measure_memory = memory_measurement::automatic;

  /// How often a case is run again, alone in a new child, when the end of its child is no evidence
  /// against it: killed from outside, the fork server lost, a fault that another case of the same
  /// child may have caused. That is put off until all other cases have had their turn.
  std::uint32_t rerun_inconclusive = 4;
  /// Whether a case that seems to have crashed or to have used up the memory is run once more,
  /// alone in a new child, and what happens there is its outcome. Without that, a case may be
  /// blamed for what an earlier one in the same child has damaged, or has leaked. Where each case
  /// has a child of its own in any case (`pool_options::isolation`), there is nothing to confirm.
  bool confirm_failures = true;
  /// The cases run in an order made from this number, the same one on every machine. 0: their own.
  std::uint64_t order = 0;
  /// Cases given to the pool at a time, encoded inputs included. 0: enough to keep it busy.
  std::size_t window = 0;

  /// A file that gets a line of JSON for each case (see `case_record`) as soon as it ends: within
  /// 100 ms, at once where its child died. Each line is written whole, at the file's end, so
  /// several farms can share one. Empty: none. What cannot be written is reported in
  /// `farm_report::journal_error`; the run goes on.
  std::filesystem::path jsonl;
  /// Keep what the file holds.
  bool append_jsonl = false;
  progress_style progress = progress_style::automatic;

  /// A directory for the inputs of cases that crashed, timed out, ran out of memory or violated
  /// the protocol, in files named after the cases. Beside each is a file that ends in `.bundle`,
  /// with which `glovebox repro` runs the case again (docs/reproduce.md). Empty: none.
  std::filesystem::path save_failures;
  /// A shell command that runs one case by itself; `{name}` stands for the case's name, in quotes,
  /// and `{file}` for its saved input. It is kept beside each saved input, in a file that ends in
  /// `.cmd`. Empty: none.
  std::string reproduce;

  /// Called with every record, on the farm's executor, one at a time. What it throws ends the run.
  std::function<void(const case_record&)> on_record;
};

}  // namespace glovebox
