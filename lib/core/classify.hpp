// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/session.hpp"

#include <glovebox/termination.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace glovebox::core {

/// What the parent knows when a child is gone. Values of the recorder were copied out once.
struct evidence {
  /// Why the parent killed it, if it did: the first reason counts.
  enum class kill : std::uint8_t { none, owner, deadline, violation, start_timeout };
  kill killed = kill::none;
  std::string detail;         ///< of the violation, or of the failed start
  std::uint64_t overran = 0;  ///< the call whose deadline it was

  enum class exit_kind : std::uint8_t {
    unknown,
    exited,
    signalled,
    returned,  ///< a thread of this process, as it was asked to
  };
  exit_kind exit = exit_kind::unknown;
  int exit_value = 0;  ///< exit code or signal number
  resource_usage usage;
  bool crashed = false;  ///< it said so, and waited to be looked at, before anybody killed it
  bool server_lost = false;
  pid_t pid = 0;

  bool never_started = false;  ///< no process came to be, or its preparation failed
  int start_error = 0;         ///< errno of that
  int exec_error = 0;          ///< errno of execve

  // ---- the recorder's
  std::uint64_t last_started = 0;
  std::uint64_t last_finished = 0;
  std::uint64_t last_nested_started = 0;
  std::vector<std::uint64_t> nested_running;  ///< the outermost first
  std::uint32_t allocation_failed = 0;
  int signal_number = 0;  ///< 0: no crash record
  int signal_code = 0;
  int signal_sender = 0;
  std::uint64_t signal_address = 0;

  // ---- the session's
  std::uint64_t highest_sent = 0;
  std::uint64_t highest_nested_sent = session::nested_bit;
};

/// The child's end, without what depends on the call.
termination classify(const evidence& facts);

/// What the child's end means for the call with this id.
struct call_view {
  glovebox::phase phase;
  glovebox::culprit culprit;
};
call_view view_of(const evidence& facts, const termination& end, std::uint64_t id);

}  // namespace glovebox::core
