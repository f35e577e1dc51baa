// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/context_impl.hpp"

#include <glovebox/failures.hpp>

#include <utility>

namespace glovebox::client {

context_impl::watch* context_impl::watched(std::uint64_t id) noexcept {
  if (auto* const open = static_cast<call*>(session_.find(id))) return &open->limits;
  const auto given_up = abandoned_.find(id);
  return given_up == abandoned_.end() ? nullptr : &given_up->second;
}

// Called after what has arrived was read, so that a parent that was suspended does not time out
// calls that have long been answered.
void context_impl::judge_deadlines(lock_type& lock, completions& done) {
  if (down_ || state_ == context_state::terminated || state_ == context_state::terminating) return;
  const time now = clock::now();
  if (is_looked_at(now)) return;
  const std::int64_t count = now.time_since_epoch().count();
  const auto living = [this](std::uint64_t id) { return watched(id) != nullptr; };

  const auto* next = deadlines_.next(living);
  const auto* check = run_checks_.next(living);
  const auto* grace = graces_.next(living);
  const bool due = (next && next->first <= count) || (check && check->first <= count) ||
                   (grace && grace->first <= count);
  if (!due) return;
  // An answer may also wait in the ring of a child that is busy with the next call.
  take_ring(lock, done);
  if (state_ == context_state::terminating) return;

  while ((next = deadlines_.next(living)) && next->first <= count) {
    const std::uint64_t id = next->second;
    deadlines_.pop();
    judge(id, now, done);
  }
  judge_running(now, done);
  if ((grace = graces_.next(living)) && grace->first <= count) {
    facts_.overran = grace->second;
    look_at_hang(now);
  }
}

// The deadline of a call has passed: withdrawn if it has not started, else its grace begins.
void context_impl::judge(std::uint64_t id, time now, completions& done) {
  if (session_.sent(id) && !skip(id)) {
    overrun(id, *watched(id), now);
    return;
  }
  auto* const which = static_cast<call*>(session_.find(id));
  if (!which) {
    abandoned_.erase(id);
    return;
  }
  termination info;
  info.cause = cause::deadline;
  info.phase = phase::queued;
  info.culprit = culprit::no;
  info.pid = facts_.pid;
  info.method = which->op->request().name();
  withdraw(*which, std::make_exception_ptr(call_timeout(std::move(info), true)), done);
}

void context_impl::overrun(std::uint64_t id, watch& limits, time now) {
  if (limits.overran) return;
  limits.overran = true;
  if (core::pending_call* const open = session_.find(id)) open->may_be_skipped = true;
  skip(id);  // which runs: its stop token is told
  prepare_look();
  graces_.add((now + limits.grace).time_since_epoch().count(), id);
}

// run_timeout counts from the start in the child, which the recorder tells. The child could write
// a start in the future there; what this side has seen bounds that.
void context_impl::judge_running(time now, completions&) {
  const auto living = [this](std::uint64_t id) { return watched(id) != nullptr; };
  const std::int64_t count = now.time_since_epoch().count();
  std::vector<std::pair<core::deadlines::time, std::uint64_t>> again;
  while (const auto* check = run_checks_.next(living)) {
    if (check->first > count) break;
    const std::uint64_t id = check->second;
    run_checks_.pop();
    watch& limits = *watched(id);
    if (limits.overran) continue;
    const auto limit = limits.run_timeout;
    const bool nested = core::session::is_nested(id);
    const bool runs =
        recorder_ && session_.sent(id) &&
        (nested ? recorder_->last_nested_started : recorder_->last_started).load() >= id;
    if (!runs) {
      again.emplace_back((now + limit).time_since_epoch().count(), id);
      continue;
    }
    if (limits.run_limit_seen == never) limits.run_limit_seen = now + limit;
    const time started(std::chrono::nanoseconds(recorder_->started_at.load()));
    // Between nested calls the recorder tells about one of them only.
    const time at = started < now && !nested ? std::min(started + limit, limits.run_limit_seen)
                                             : limits.run_limit_seen;
    if (at <= now)
      overrun(id, limits, now);
    else
      again.emplace_back(at.time_since_epoch().count(), id);
  }
  for (const auto& [at, id] : again) run_checks_.add(at, id);
}

}  // namespace glovebox::client
