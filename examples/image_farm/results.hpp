// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "settings.hpp"

#include <glovebox/farm/farm_report.hpp>

#include <string>
#include <vector>

namespace image_farm {

/// A planted fault, and what became of it.
struct planted_result {
  std::string name;
  glovebox::outcome expected = glovebox::outcome::ok;
  glovebox::case_record got;
};

/// All that the demo found out.
struct results {
  glovebox::farm_report report;
  std::string cases_sha256;
  std::string stb_image_sha256;
  std::vector<planted_result> planted;
  bool verified = false;                   ///< there was a second run
  std::vector<std::string> unstable;       ///< cases in which it differs
};

/// The planted faults as a table.
std::string planted_table(const std::vector<planted_result>& planted);

/// Writes `report.json`. Throws `std::system_error`.
void write_report(const std::filesystem::path& file, const settings& chosen, const results& found);

/// What is not as it must be, in words; empty if all is well.
std::vector<std::string> shortcomings(const results& found);

}  // namespace image_farm
