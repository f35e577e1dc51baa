// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "support/time_scale.hpp"

#include <cstdlib>

namespace glovebox::test {

/// How often a test repeats what it does: `whole` times when `./dev soak` runs it, as often as
/// people wait for otherwise, and less under a sanitizer.
inline int repetitions(int whole, int usual) {
  if (std::getenv("GLOVEBOX_TEST_LONG") != nullptr) return whole;
  return under_sanitizer ? usual / 5 : usual;
}

}  // namespace glovebox::test
