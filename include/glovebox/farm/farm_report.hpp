// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/case_record.hpp>
#include <glovebox/farm/failure_group.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glovebox {

/// What became of a dataset.
struct farm_report {
  /// Every case's outcome, by its index. Its size is the number of cases.
  std::vector<glovebox::outcome> outcomes;
  /// Records of all cases that are not `ok`, by index.
  std::vector<case_record> failures;
  /// How many cases had each outcome; they sum up to `total()`.
  std::array<std::size_t, outcome_count> counts{};
  std::chrono::nanoseconds elapsed{};  ///< wall-clock time of the run
  std::uint64_t reruns = 0;            ///< times a case was run again
  std::uint64_t refuted = 0;           ///< cases that failed, and did well alone in a new child
  bool cancelled = false;              ///< the run was ended early, by cancellation
  std::string gave_up;        ///< why the run ended early by itself: no child could be started
  std::string journal_error;  ///< why lines are missing in the file of records
  std::string save_error;     ///< why failing inputs, or bundles, were not saved

  std::size_t total() const noexcept { return outcomes.size(); }
  std::size_t count(glovebox::outcome which) const noexcept {
    return counts[static_cast<std::size_t>(which)];
  }
  /// The record of a case that is not `ok`; null if there is none.
  GLOVEBOX_API const case_record* failure(std::size_t index) const noexcept;
  /// The failures by what caused them: crashes and the like before errors, large groups first.
  GLOVEBOX_API std::vector<failure_group> groups() const;
  /// A table of outcomes, and the groups of failures, each with an example; no line over 100
  /// columns.
  GLOVEBOX_API std::string summary() const;
};

/// How two runs over the same cases compare.
struct farm_agreement {
  std::size_t compared = 0;
  std::vector<std::string> unstable;  ///< names of the cases whose outcomes differ
};

/// Compares two runs case by case. Throws `std::invalid_argument` if they had different numbers of
/// cases.
GLOVEBOX_API farm_agreement agree(const farm_report& a, const farm_report& b);

}  // namespace glovebox
