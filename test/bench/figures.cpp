// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "figures.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <utility>

namespace bench {
namespace {

constexpr int rounds = 15;
constexpr double widest_scatter = 0.25;  // of the ratio, between its quartiles

double quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1) + 0.5)];
}

boost::json::object measure(const figure& which) {
  std::vector<double> values, baselines, ratios;
  which.measured();  // warm-up
  which.baseline();
  for (int round = 0; round != rounds; ++round) {
    const double base = which.baseline();
    const double value = which.measured();
    values.push_back(value);
    baselines.push_back(base);
    ratios.push_back(value / base);
  }
  const double ratio = median(ratios);
  const double low = quantile(ratios, 0.25), high = quantile(ratios, 0.75);
  std::printf("%-38s %10.3f %10.3f %-9s %6.2f  (%.2f-%.2f)", which.name.c_str(), median(values),
              median(baselines), which.unit.c_str(), ratio, low, high);
  boost::json::object all{{"name", which.name},      {"unit", which.unit},
                          {"value", median(values)}, {"baseline", median(baselines)},
                          {"ratio", ratio},          {"ratio_low", low},
                          {"ratio_high", high}};
  if (which.peer.empty()) {
    const bool met = which.at_most ? ratio <= which.target : ratio >= which.target;
    const bool clear = (high - low) / ratio <= widest_scatter;
    const std::string verdict = !clear ? "inconclusive" : met ? "met" : "not met";
    std::printf("  %s %.2f  %s\n", which.at_most ? "<=" : ">=", which.target, verdict.c_str());
    all["target"] = which.target;
    all["met"] = verdict;
  } else {
    std::printf("  %s\n", which.peer.c_str());
    all["peer"] = which.peer;
  }
  std::fflush(stdout);
  return all;
}

}  // namespace

double median(std::vector<double> all) {
  return quantile(std::move(all), 0.5);
}

int run(const std::vector<figure>& figures, int argc, char** argv) {
  std::printf("%-38s %10s %10s %-9s %6s  quartiles    target\n", "", "glovebox", "raw", "unit",
              "ratio");
  boost::json::array all;
  for (const figure& each : figures) all.push_back(measure(each));
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--json")
      std::ofstream(argv[i + 1]) << boost::json::serialize(all) << '\n';
  return 0;
}

}  // namespace bench
