// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/case_record.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace glovebox {

/// Failures that have one reason, as far as their records tell.
struct failure_group {
  /// What they have in common: outcome, cause, and where it happened; else what was said about it.
  /// No addresses and no process ids are in it, so that it is the same in another run.
  std::string key;
  glovebox::outcome outcome = outcome::not_run;
  std::string what;  ///< the cause, of the example: `SIGSEGV`, `std::range_error: too far`
  /// The innermost functions of the crashed thread that are the user's own, at most three; empty
  /// where no stack is known.
  std::vector<std::string> frames;
  std::size_t count = 0;    ///< cases
  std::size_t example = 0;  ///< index of one of them, in the dataset
  std::string example_name;
};

/// The key of the group that a failure belongs to; empty for a case that is `ok`.
GLOVEBOX_API std::string group_of(const case_record&);

}  // namespace glovebox
