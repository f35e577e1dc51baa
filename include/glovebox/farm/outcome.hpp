// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glovebox {

/// What became of one case. The names of `to_string` are also those of the JSON files.
enum class outcome : std::uint8_t {
  ok,                  ///< the function returned
  error,               ///< it threw
  crashed,             ///< its child died: a signal, or an exit, also with status 0
  timed_out,           ///< it ran longer than `farm_options::timeout`
  out_of_memory,       ///< it threw `std::bad_alloc` under a memory limit, or died of an allocation
  protocol_violation,  ///< its child sent what the protocol does not allow
  not_run,             ///< it never started: cancelled, no child could be started, no input
};
inline constexpr std::size_t outcome_count = 7;

/// All of them, in the order of tables.
inline constexpr std::array<outcome, outcome_count> all_outcomes{
    outcome::ok,        outcome::error,         outcome::crashed,
    outcome::timed_out, outcome::out_of_memory, outcome::protocol_violation,
    outcome::not_run};

/// `ok`, `timed_out`, ...
GLOVEBOX_API std::string_view to_string(outcome) noexcept;

}  // namespace glovebox
