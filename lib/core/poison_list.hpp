// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/termination.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>

namespace glovebox::core {

/// Calls that have killed children: which of them must not be run again for now, and what their
/// last victim's report says. Sans-io and clockless.
class poison_list {
 public:
  using time = std::int64_t;  ///< [ns] of a clock that does not run backwards

  struct settings {
    std::uint32_t kills = 0;      ///< children that a call may kill; 0: any number
    time keep = 0;                ///< how long it is known after the last of them
    std::size_t capacity = 1024;  ///< calls known at a time; the oldest goes first
  };

  explicit poison_list(const settings& chosen) : settings_(chosen) {}

  /// Whether calls have to be looked up at all.
  bool empty() const noexcept { return entries_.empty(); }
  bool used() const noexcept { return settings_.kills != 0; }
  /// The call with this fingerprint has killed a child.
  void killed(std::uint64_t fingerprint, const termination& how, time now);
  /// The report of a call that is not to be run; null: it may run.
  const termination* refused(std::uint64_t fingerprint, time now);

 private:
  struct entry {
    std::uint32_t kills = 0;
    time until = 0;
    termination last;
  };
  using entries = std::unordered_map<std::uint64_t, entry>;

  void forget_old(time now);
  void forget(entries::iterator which);
  void no_age(entries::iterator which);

  settings settings_;
  entries entries_;
  std::multimap<time, std::uint64_t> by_age_;  // until -> fingerprint
};

}  // namespace glovebox::core
