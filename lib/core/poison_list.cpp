// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/poison_list.hpp"

namespace glovebox::core {

void poison_list::killed(std::uint64_t fingerprint, const termination& how, time now) {
  if (!used()) return;
  forget_old(now);
  const auto which = entries_.try_emplace(fingerprint).first;
  no_age(which);
  entry& known = which->second;
  ++known.kills;
  known.until = now + settings_.keep;
  known.last = how;
  known.last.refused_after = known.kills;
  by_age_.emplace(known.until, fingerprint);
  while (entries_.size() > settings_.capacity) forget(entries_.find(by_age_.begin()->second));
}

const termination* poison_list::refused(std::uint64_t fingerprint, time now) {
  forget_old(now);
  const auto found = entries_.find(fingerprint);
  if (found == entries_.end() || found->second.kills < settings_.kills) return nullptr;
  return &found->second.last;
}

void poison_list::forget_old(time now) {
  while (!by_age_.empty() && by_age_.begin()->first <= now)
    forget(entries_.find(by_age_.begin()->second));
}

void poison_list::forget(entries::iterator which) {
  no_age(which);
  entries_.erase(which);
}

void poison_list::no_age(entries::iterator which) {
  const auto [first, last] = by_age_.equal_range(which->second.until);
  for (auto at = first; at != last; ++at)
    if (at->second == which->first) {
      by_age_.erase(at);
      return;
    }
}

}  // namespace glovebox::core
