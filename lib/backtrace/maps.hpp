// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace glovebox::backtrace {

inline constexpr std::size_t most_mappings = 16 * 1024;

/// The lines of /proc/PID/maps, in the order of their addresses. What is no such line is left out,
/// and so is what overlaps a mapping before it.
std::vector<mapping> parse_maps(std::string_view text);

/// The mapping that an address is in, or null.
const mapping* find_mapping(std::span<const mapping> mappings, std::uint64_t address);

/// What has been loaded from one file at one place.
struct loaded_file {
  std::uint64_t from = 0, to = 0;
  const mapping* first = nullptr;  ///< of the file's beginning
};
/// Those with something executable in them, in the order of their addresses; the vDSO is one.
std::vector<loaded_file> loaded_files(std::span<const mapping> mappings);

}  // namespace glovebox::backtrace
