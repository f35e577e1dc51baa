// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/ledger.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace glovebox::farming {
namespace {

using weight = verdict::weight;

// splitmix64. The standard library's shuffle and distributions differ between implementations.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<std::size_t> shuffled(std::size_t total, std::uint64_t seed) {
  std::vector<std::size_t> order(total);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t left = total; left > 1; --left)
    std::swap(order[left - 1], order[next_random(seed) % left]);
  return order;
}

// Whether it is children that cannot be started, as opposed to a bad input.
bool no_child(const case_record& record) {
  if (record.outcome != outcome::not_run || !record.cause) return false;
  switch (*record.cause) {
    case cause::exec_failed:
    case cause::start_failed:
    case cause::start_timeout:
    case cause::signal:
    case cause::exit:
    case cause::out_of_memory:
      return true;
    default:
      return false;
  }
}

}  // namespace

ledger::ledger(std::size_t total, const settings& chosen)
    : total_(total), settings_(chosen), states_(total, state::pending) {
  settings_.children = std::max<std::size_t>(settings_.children, 1);
  settings_.window = std::max<std::size_t>(settings_.window, 1);
  if (chosen.order != 0) order_ = shuffled(total, chosen.order);
}

// Children for single cases come on top of the pool's, so they are few while that is busy.
std::size_t ledger::alone_limit() const noexcept {
  const bool pool_is_busy = position_ < total_ || running_ > 0;
  return pool_is_busy ? std::max<std::size_t>(settings_.children / 4, 1) : settings_.children;
}

std::optional<ledger::task> ledger::next() {
  if (abandoned_) return {};
  // What was postponed waits until every case has had its turn.
  std::deque<task>& alone = waiting_.empty() && position_ == total_ ? postponed_ : waiting_;
  if (!alone.empty() && running_alone_ < alone_limit()) {
    const task chosen = alone.front();
    alone.pop_front();
    ++running_alone_;
    ++reruns_;
    states_[chosen.index] = state::running;
    return chosen;
  }
  if (position_ == total_ || running_ == settings_.window) return {};
  const std::size_t index = index_at(position_++);
  ++running_;
  states_[index] = state::running;
  return task{index, false, 1};
}

bool ledger::ended(const task& which, verdict& how) {
  if (which.index >= total_ || states_[which.index] != state::running)
    throw std::logic_error("glovebox: an attempt ended that was not under way");
  --(which.alone ? running_alone_ : running_);
  if (how.record.outcome != outcome::not_run) any_started_ = true;

  const auto first = blamed_.find(which.index);
  const bool settled =
      how.how == weight::settled || (how.how == weight::blamed && !settings_.confirm);
  if (!settled && !abandoned_) {
    const bool needs_confirmation = how.how == weight::blamed || first != blamed_.end();
    const std::uint32_t limit = std::max<std::uint32_t>(settings_.reruns, needs_confirmation);
    if (which.attempt <= limit) {
      if (how.how == weight::blamed && first == blamed_.end())
        blamed_.emplace(which.index, std::move(how));
      states_[which.index] = state::waiting;
      const bool was_ended =
          how.how == weight::inconclusive && how.record.outcome != outcome::not_run;
      (was_ended ? postponed_ : waiting_).push_back({which.index, true, which.attempt + 1});
      return false;
    }
  }

  case_record& record = how.record;
  if (first != blamed_.end()) {
    if (settled && record.outcome != first->second.record.outcome) {
      ++refuted_;
      sick_ = sick_ || first->second.child_lives;
    }
    // No attempt after it says more than the one that looked like the case's own fault.
    if (!settled) record = std::move(first->second.record);
  } else if (how.how == weight::inconclusive && abandoned_) {
    record.outcome = outcome::not_run;
  }
  record.index = which.index;
  record.attempts = which.attempt;
  if (no_child(record)) ++never_started_;
  settle(which.index);
  return true;
}

std::optional<case_record> ledger::next_abandoned() {
  if (!abandoned_) return {};
  case_record record;
  record.outcome = outcome::not_run;
  if (std::deque<task>& alone = waiting_.empty() ? postponed_ : waiting_; !alone.empty()) {
    const task left = alone.front();
    alone.pop_front();
    if (const auto first = blamed_.find(left.index); first != blamed_.end())
      record = std::move(first->second.record);
    record.index = left.index;
    record.attempts = left.attempt - 1;
  } else if (position_ < total_) {
    record.index = index_at(position_++);
  } else {
    return {};
  }
  settle(record.index);
  return record;
}

void ledger::settle(std::size_t index) noexcept {
  states_[index] = state::recorded;
  blamed_.erase(index);
  ++recorded_;
}

bool ledger::hopeless() const noexcept {
  return !any_started_ && never_started_ >= std::max<std::size_t>(settings_.children, 4);
}

}  // namespace glovebox::farming
