// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/testing.hpp>

namespace glovebox::testing {

std::string_view to_string(fault which) noexcept {
  switch (which) {
    case fault::none:
      return "none";
    case fault::kill:
      return "kill";
    case fault::crash:
      return "crash";
    case fault::exit:
      return "exit";
    case fault::hang:
      return "hang";
    case fault::slow:
      return "slow";
    case fault::delay:
      return "delay";
    case fault::drop:
      return "drop";
    case fault::truncate:
      return "truncate";
    case fault::corrupt:
      return "corrupt";
    case fault::close:
      return "close";
  }
  return "unknown";
}

void fault_plan::at_call(std::uint64_t call, fault what, std::chrono::nanoseconds time) {
  const std::lock_guard lock(lock_);
  at_call_[call] = {what, time};
}

void fault_plan::at_every(std::uint64_t interval, fault what, std::chrono::nanoseconds time) {
  const std::lock_guard lock(lock_);
  interval_ = interval;
  every_ = {what, time};
}

void fault_plan::at_start(std::uint64_t start, int error_number) {
  const std::lock_guard lock(lock_);
  at_start_[start] = error_number;
}

std::uint64_t fault_plan::calls() const {
  const std::lock_guard lock(lock_);
  return calls_;
}

std::uint64_t fault_plan::starts() const {
  const std::lock_guard lock(lock_);
  return starts_;
}

fault_plan::planned fault_plan::next_call() {
  const std::lock_guard lock(lock_);
  ++calls_;
  if (const auto found = at_call_.find(calls_); found != at_call_.end()) return found->second;
  return interval_ != 0 && calls_ % interval_ == 0 ? every_ : planned{};
}

int fault_plan::next_start() {
  const std::lock_guard lock(lock_);
  const auto found = at_start_.find(++starts_);
  return found == at_start_.end() ? 0 : found->second;
}

}  // namespace glovebox::testing
