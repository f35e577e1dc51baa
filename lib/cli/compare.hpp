// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/bundle.hpp"

#include <string>

namespace glovebox::cli {

struct comparison {
  bool same = false;
  std::string text;  ///< a line or two for people
};

/// Whether a case fails as it did when the bundle was made: the same outcome, cause and signal,
/// and, where both stacks are known, the same group. Where an endless loop is met is chance.
comparison compare(const core::bundle& before, const case_record& now);

}  // namespace glovebox::cli
