// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/copy_kit.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace glovebox::client {

class context_impl;

/// Handles, and how many references to each the parent holds more, or less.
using reference_list = std::vector<std::pair<std::uint64_t, std::int64_t>>;

/// How many references to each object the parent holds more, or less, than when a snapshot was
/// made. Whoever goes on from there has to be told.
class reference_changes {
 public:
  void add(std::uint64_t object, std::int64_t count) {
    const auto [at, added] = counts_.try_emplace(object, count);
    if (!added && (at->second += count) == 0) counts_.erase(at);
  }
  reference_list list() const { return {counts_.begin(), counts_.end()}; }
  /// Whether there are more references to any object with such a handle.
  bool more_up_to(std::uint64_t object) const {
    return std::any_of(counts_.begin(), counts_.end(), [object](const auto& each) {
      return each.first <= object && each.second > 0;
    });
  }
  /// References to objects with greater handles.
  std::uint64_t above(std::uint64_t object) const {
    std::int64_t sum = 0;
    for (const auto& [each, count] : counts_)
      if (each > object && count > 0) sum += count;
    return static_cast<std::uint64_t>(sum);
  }

 private:
  std::unordered_map<std::uint64_t, std::int64_t> counts_;  // none of them 0
};

/// The lives of one context, one after another, and the snapshots that it can go back to. Handles
/// and objects know the first life; what is asked of it goes to the one that is.
struct lineage {
  /// What a snapshot is told of the life that goes on beside it.
  struct sleeper {
    std::weak_ptr<context_impl> which;
    reference_changes since;
    bool answered = false;          // that it was made: what comes back now is younger
    std::uint64_t last_handle = 0;  // no object that it knows has a greater one

    /// References can be given back to a copy of it later, not taken.
    bool spare_will_do() const { return !since.more_up_to(last_handle); }
  };
  /// Under the lock. Null when nothing is known of it.
  const sleeper* find(const std::shared_ptr<context_impl>& which) const {
    for (const sleeper& each : sleepers)
      if (each.which.lock() == which) return &each;
    return nullptr;
  }

  std::mutex lock;  // under those of contexts
  std::weak_ptr<context_impl> front;
  std::shared_ptr<context_impl> current;  // null: the first, or none any more
  std::vector<sleeper> sleepers;
  std::shared_ptr<context_impl> latest;  // snapshot, when crashes go back to it
  std::string refused;                   // why there is no later one
  std::uint32_t jails = 0;               // that the child was told to enter
  std::optional<copy_kit> kit;           // for the next copy
  std::uint64_t generation = 0;          // of handles: copies count on from different numbers
};

}  // namespace glovebox::client
