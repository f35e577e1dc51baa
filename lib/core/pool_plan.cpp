// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/pool_plan.hpp"

#include <algorithm>

namespace glovebox::core {

pool_plan::pool_plan(const settings& chosen)
    : settings_(chosen), places_(std::max<std::size_t>(chosen.size, 1)) {
  settings_.calls_per_child = std::max<std::size_t>(chosen.calls_per_child, 1);
}

bool pool_plan::usable(const place& one, std::size_t most) const noexcept {
  const bool fresh = settings_.calls_per_life == 0 || one.taken < settings_.calls_per_life;
  return one.alive && !one.reserved && fresh && one.load < most;
}

std::optional<std::size_t> pool_plan::choose() const noexcept {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i != places_.size(); ++i) {
    if (!usable(places_[i], settings_.calls_per_child)) continue;
    if (!best || places_[i].load < places_[*best].load) best = i;
  }
  return best;
}

std::optional<std::size_t> pool_plan::choose_idle() const noexcept {
  for (std::size_t i = 0; i != places_.size(); ++i)
    if (idle(i)) return i;
  return {};
}

void pool_plan::given(std::size_t which) noexcept {
  ++places_[which].load;
  ++places_[which].taken;
}

bool pool_plan::worn_out(std::size_t which) const noexcept {
  const place& there = places_[which];
  return there.alive && !there.reserved && there.load == 0 && settings_.calls_per_life != 0 &&
         there.taken >= settings_.calls_per_life;
}

std::optional<std::size_t> pool_plan::startable(time now) const noexcept {
  for (std::size_t i = 0; i != places_.size(); ++i)
    if (!places_[i].alive && places_[i].start_at <= now) return i;
  return {};
}

std::optional<pool_plan::time> pool_plan::next_start() const noexcept {
  std::optional<time> first;
  if (living_ == places_.size()) return first;
  for (const place& each : places_)
    if (!each.alive && (!first || each.start_at < *first)) first = each.start_at;
  return first;
}

void pool_plan::started(std::size_t which) noexcept {
  place& there = places_[which];
  living_ += !there.alive;
  there.alive = true;
  there.reserved = false;
  there.load = 0;
  there.taken = 0;
}

void pool_plan::retired(std::size_t which, time now) noexcept {
  living_ -= places_[which].alive;
  places_[which].alive = false;
  places_[which].load = 0;
  places_[which].start_at = now;
}

void pool_plan::gone(std::size_t which, bool was_ready, time now) {
  place& there = places_[which];
  retired(which, now);
  if (settings_.restart_budget != 0) {
    while (!deaths_.empty() && deaths_.front() <= now - settings_.restart_window)
      deaths_.pop_front();
    deaths_.push_back(now);
    // Once as many have died as may, the next start waits for one of them to be long ago.
    if (deaths_.size() > settings_.restart_budget)
      there.start_at =
          deaths_[deaths_.size() - 1 - settings_.restart_budget] + settings_.restart_window;
  }
  if (was_ready) {
    there.failures = 0;
    return;
  }
  time pause = settings_.first_pause;
  for (std::uint32_t i = 0; i != there.failures && pause < settings_.longest_pause; ++i) pause *= 2;
  ++there.failures;
  there.start_at = std::max(there.start_at, now + std::min(pause, settings_.longest_pause));
}

}  // namespace glovebox::core
