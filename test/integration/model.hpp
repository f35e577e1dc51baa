// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

/// \file
/// Scripts of what an application does with contexts and pools.

namespace model_test {

enum class verb : std::uint8_t {
  call_echo,
  call_gate,  // returns when a gate is opened
  call_throwing,
  call_crash,
  call_stuck,  // has a deadline
  call_back,
  call_nested,  // calls back a coroutine that calls the child
  make_object,
  use_object,
  drop_object,
  open_stream,
  next_item,
  drop_stream,
  start,
  stop,
  kill,
  drop_context,
  new_context,  // every other one goes back at a crash
  new_pool,
  take_snapshot,
  go_back,
  revive,
  drop_snapshot,
  plan_fault,  // one of the next calls
  plan_start,  // one of the next starts fails
  cancel,
  open_gate,
  poll,        // runs some handlers
  run,         // runs handlers for a moment
  destroy_io,  // ends the script
};

struct step {
  verb what;
  std::uint32_t which = 0;  // of several, modulo their number
  std::uint32_t how = 0;    // cancellation type, deadline, count
};
using script = std::vector<step>;
std::ostream& operator<<(std::ostream& out, const script& steps);

script random_script(std::uint32_t seed);

/// Does what the script says.
/// \param patience longest wait for handlers at the end
/// \returns what went wrong; empty: nothing
std::string play(const script& steps, std::chrono::nanoseconds patience);

/// The shortest part of a script that still fails, as far as leaving out steps finds it.
script shorten(script steps, const std::function<bool(const script&)>& fails);

}  // namespace model_test
