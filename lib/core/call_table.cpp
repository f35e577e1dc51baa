// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/call_table.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace glovebox::core {

void call_table::open(pending_call& call) {
  if (next_ - oldest_ == slots_.size()) grow();
  call.id = next_++;
  at(call.id) = {&call, state::unsent};
  ++open_;
}

void call_table::grow() {
  std::vector<slot> larger(std::max<std::size_t>(64, slots_.size() * 2));
  for (std::uint64_t id = oldest_; id != next_; ++id) larger[id & (larger.size() - 1)] = at(id);
  slots_ = std::move(larger);
}

// Ids that were withdrawn before they were sent are passed over.
void call_table::skip_gaps() noexcept {
  while (next_unsent_ != next_ && at(next_unsent_).now == state::free) ++next_unsent_;
  while (oldest_ != next_unsent_ && at(oldest_).now == state::free) ++oldest_;
}

pending_call* call_table::unsent() const noexcept {
  if (next_unsent_ == next_ || next_unsent_ - oldest_ >= window) return nullptr;
  return at(next_unsent_).call;
}

void call_table::mark_sent() noexcept {
  assert(next_unsent_ != next_);
  at(next_unsent_).now = state::sent;
  ++unanswered_;
  ++next_unsent_;
  skip_gaps();
}

call_table::withdrawal call_table::withdraw(std::uint64_t id) {
  if (!known(id)) return withdrawal::unknown;
  slot& which = at(id);
  switch (which.now) {
    case state::unsent:
      --open_;
      which = {};
      skip_gaps();
      return withdrawal::unsent;
    case state::sent:
      --open_;
      which = {nullptr, state::abandoned};
      return withdrawal::abandoned;
    default:
      return withdrawal::unknown;
  }
}

void call_table::answered(std::uint64_t id) noexcept {
  slot& which = at(id);
  if (which.now == state::sent) --open_;
  --unanswered_;
  which = {};
  while (oldest_ != next_unsent_ && at(oldest_).now == state::free) ++oldest_;
}

void call_table::append_open(std::vector<pending_call*>& to) const {
  for (std::uint64_t id = oldest_; id != next_; ++id)
    if (at(id).call) to.push_back(at(id).call);
}

void call_table::close() noexcept {
  for (slot& each : slots_) each = {};
  oldest_ = next_unsent_ = next_;
  open_ = unanswered_ = 0;
}

}  // namespace glovebox::core
