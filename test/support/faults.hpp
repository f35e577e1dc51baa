// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/termination.hpp>

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

/// \file
/// The ways in which children of tests end, and what the parent must say of each.

namespace glovebox::test {

/// Does what all_faults() has under that name.
/// \throws std::bad_alloc for `memory_hog`, which a child survives
/// \throws std::logic_error when it did not happen
void commit_fault(const std::string& name);

/// What is expected of a call that commits a fault.
struct fault {
  std::string name;
  glovebox::cause why = cause::signal;
  glovebox::culprit blame = culprit::yes;
  int signal = 0;
  std::optional<int> code{};  // si_code; nothing: it depends
  std::optional<std::uint64_t> address{};
  int exit_code = -1;
  bool needs_memory_limit = false;
  bool survives = false;    // the child lives on
  bool in_a_thread = true;  // also possible while the main thread writes a reply

  /// Ends by a deadline only.
  bool hangs() const { return why == cause::deadline; }

  friend std::ostream& operator<<(std::ostream& out, const fault& which) {
    return out << which.name;
  }
};

/// All of them; a sanitizer may rule some out.
const std::vector<fault>& all_faults();
/// Why this build cannot commit it; empty: it can.
std::string ruled_out(const fault& which);

/// Leaves a process behind that has a session of its own, and no parent. \returns its number
pid_t make_daemon();

/// The descriptor of this child's channel.
/// \throws std::runtime_error when there is none
int channel_descriptor();

}  // namespace glovebox::test
