// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/pool_plan.hpp"

#include <algorithm>

namespace glovebox::core {

pool_plan::pool_plan(const settings& chosen)
    : settings_(chosen), places_(std::max<std::size_t>(chosen.size, 1)) {
  settings_.calls_per_child = std::max<std::size_t>(chosen.calls_per_child, 1);
}

std::optional<std::size_t> pool_plan::choose() const noexcept {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i != places_.size(); ++i) {
    const place& each = places_[i];
    if (!each.alive || each.load >= settings_.calls_per_child) continue;
    if (!best || each.load < places_[*best].load) best = i;
  }
  return best;
}

std::optional<std::size_t> pool_plan::startable(time now) const noexcept {
  for (std::size_t i = 0; i != places_.size(); ++i)
    if (!places_[i].alive && places_[i].start_at <= now) return i;
  return {};
}

std::optional<pool_plan::time> pool_plan::next_start() const noexcept {
  std::optional<time> first;
  for (const place& each : places_)
    if (!each.alive && (!first || each.start_at < *first)) first = each.start_at;
  return first;
}

void pool_plan::started(std::size_t which) noexcept {
  places_[which].alive = true;
  places_[which].load = 0;
}

void pool_plan::gone(std::size_t which, bool was_ready, time now) noexcept {
  place& there = places_[which];
  there.alive = false;
  there.load = 0;
  if (was_ready) {
    there.failures = 0;
    there.start_at = now;
    return;
  }
  time pause = settings_.first_pause;
  for (std::uint32_t i = 0; i != there.failures && pause < settings_.longest_pause; ++i) pause *= 2;
  ++there.failures;
  there.start_at = now + std::min(pause, settings_.longest_pause);
}

std::size_t pool_plan::living() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(places_.begin(), places_.end(), [](const place& each) { return each.alive; }));
}

}  // namespace glovebox::core
