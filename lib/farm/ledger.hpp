// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "farm/verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace glovebox::farming {

/// Which case runs next, and which outcome a case gets. Sans-io: its owner runs tasks and says how
/// each attempt ended. However attempts end, every case gets exactly one record.
class ledger {
 public:
  struct settings {
    std::size_t children = 1;  ///< that run cases at a time
    std::size_t window = 1;    ///< cases given to the pool at a time
    std::uint32_t reruns = 4;  ///< of an inconclusive case
    bool confirm = true;       ///< run a blamed case once more
    std::uint64_t order = 0;   ///< seed; 0: as they are
  };

  /// One attempt at a case.
  struct task {
    std::size_t index = 0;
    bool alone = false;  ///< in a child of its own
    std::uint32_t attempt = 1;
  };

  ledger(std::size_t total, const settings& chosen);

  /// An attempt to begin now; nothing while enough are under way, or none is left.
  std::optional<task> next();
  /// The attempt has ended. True: the case's record stands in `how`; false: it will run again.
  bool ended(const task& which, verdict& how);

  /// No further attempts; the records of cases that wait come from `abandoned`.
  void abandon() noexcept { abandoned_ = true; }
  /// After `abandon`: the next of the cases that will not run. Its record has no message.
  std::optional<case_record> next_abandoned();

  bool finished() const noexcept { return recorded_ == total_; }
  std::size_t recorded() const noexcept { return recorded_; }
  std::uint64_t reruns() const noexcept { return reruns_; }
  std::uint64_t refuted() const noexcept { return refuted_; }
  /// Whether a living child was found to fail cases that do well elsewhere; asking clears it.
  bool take_sick() noexcept { return std::exchange(sick_, false); }
  /// Whether no case ever started, and so many could not be that further tries make no sense.
  bool hopeless() const noexcept;

 private:
  enum class state : std::uint8_t { pending, running, waiting, recorded };

  std::size_t index_at(std::size_t position) const noexcept {
    return order_.empty() ? position : order_[position];
  }
  std::size_t alone_limit() const noexcept;
  void settle(std::size_t index) noexcept;

  std::size_t total_;
  settings settings_;
  std::vector<std::size_t> order_;  // empty: 0, 1, 2, ...
  std::vector<state> states_;
  std::size_t position_ = 0;  // in the order: what lies before has been begun
  std::deque<task> waiting_;  // for a child of their own
  // The same, of cases whose child was ended by something else, which may go on for a while: it
  // hits those that run long again and again.
  std::deque<task> postponed_;
  std::unordered_map<std::size_t, verdict> blamed_;  // first verdicts that await confirmation
  std::size_t running_ = 0;
  std::size_t running_alone_ = 0;
  std::size_t recorded_ = 0;
  std::size_t never_started_ = 0;
  std::uint64_t reruns_ = 0;
  std::uint64_t refuted_ = 0;
  bool any_started_ = false;
  bool sick_ = false;
  bool abandoned_ = false;
};

}  // namespace glovebox::farming
