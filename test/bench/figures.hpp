// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// One comparison: what is measured, beside the raw baseline of the same run. Both functions make
/// one round and return its cost, in the figure's unit; rounds alternate, since the machine's speed
/// changes while they run, and only their ratio counts.
struct figure {
  std::string name;
  std::string unit;
  std::function<double()> measured;
  std::function<double()> baseline;
  double target = 0;    ///< of the ratio
  bool at_most = true;  ///< whether the target is an upper bound
  /// Another library, when it is that one's figure: to compare with, so it has no target.
  std::string peer{};
};

/// Runs the figures, prints a table, and writes the file that follows `--json` as an array of
/// objects: name, unit, value, baseline, ratio, ratio_low, ratio_high (quartiles); then target and
/// met, or peer.
int run(const std::vector<figure>& figures, int argc, char** argv);

double median(std::vector<double> all);

}  // namespace bench
