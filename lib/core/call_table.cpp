// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/call_table.hpp"

#include <algorithm>
#include <utility>

namespace glovebox::core {

void call_table::grow() {
  std::vector<slot> larger(std::max<std::size_t>(64, slots_.size() * 2));
  const std::uint64_t mask = larger.size() - 1;
  for (std::uint64_t id = oldest_; id != next_; ++id) larger[id & mask] = at(id);
  slots_ = std::move(larger);
  mask_ = mask;
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
