// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/classify.hpp"

#include <algorithm>
#include <csignal>
#include <functional>

namespace glovebox::core {
namespace {

// The recorder is the child's to write: numbers that cannot be are no evidence.
bool plausible(const evidence& facts) {
  if (facts.last_started > facts.highest_sent || facts.last_finished > facts.last_started)
    return false;
  const std::vector<std::uint64_t>& running = facts.nested_running;
  if (running.empty())
    return facts.last_nested_started == 0 || facts.last_nested_started <= facts.highest_nested_sent;
  // One started inside the other, the first of them inside a call or after it.
  return facts.last_nested_started <= facts.highest_nested_sent &&
         running.back() <= facts.last_nested_started && session::is_nested(running.front()) &&
         std::adjacent_find(running.begin(), running.end(), std::greater_equal<>()) ==
             running.end();
}

// Start errors stand there too, and they would acquit every call.
bool has_run(const evidence& facts) {
  return facts.last_started != 0;
}

// Neither the child nor any of its calls did it.
bool blameless(cause why) {
  return why == cause::killed_by_owner || why == cause::fork_server_lost ||
         why == cause::start_timeout;
}

// Without a record only faults are certain to be the child's own; anybody may have sent the rest.
bool is_fault(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGABRT:
    case SIGTRAP:
    case SIGSYS:
    case SIGPIPE:
    case SIGXCPU:
    case SIGXFSZ:
      return true;
    default:
      return false;
  }
}

// Whoever kills a child that waits to be looked at only ends what its fault has ended before.
int ended_by(const evidence& facts) {
  const bool waited = facts.crashed && facts.exit_value == SIGKILL && is_fault(facts.signal_number);
  return waited ? facts.signal_number : facts.exit_value;
}

// A fault that the kernel raised, or a signal the child sent itself, as abort() does.
bool own_signal(const evidence& facts) {
  return facts.signal_number != 0 && facts.signal_number == ended_by(facts) &&
         (facts.signal_code > 0 || facts.signal_sender == facts.pid);
}

cause cause_of_signal(const evidence& facts) {
  const bool recorded = facts.signal_number == ended_by(facts);
  const bool sent_by_other = recorded && facts.signal_number != 0 && !own_signal(facts);
  if (sent_by_other || !is_fault(ended_by(facts))) return cause::killed_from_outside;
  if (facts.allocation_failed != 0) return cause::out_of_memory;
  return cause::signal;
}

}  // namespace

termination classify(const evidence& facts) {
  termination end;
  end.pid = facts.pid;
  end.usage = facts.usage;
  end.detail = facts.detail;
  end.exit_pending = facts.exit == evidence::exit_kind::unknown && !facts.never_started;
  if (facts.exit == evidence::exit_kind::exited) end.exit_code = facts.exit_value;
  if (facts.exit == evidence::exit_kind::signalled) {
    end.signal_number = ended_by(facts);
    if (own_signal(facts)) {
      end.signal_code = facts.signal_code;
      end.address = facts.signal_address;
    }
  }

  // What the child did by itself before the parent's SIGKILL reached it is the stronger evidence.
  const bool our_kill =
      facts.killed != evidence::kill::none &&
      !(facts.exit == evidence::exit_kind::signalled && ended_by(facts) != SIGKILL) &&
      facts.exit != evidence::exit_kind::exited;
  if (facts.exec_error != 0 && !has_run(facts)) {
    end.cause = cause::exec_failed;
    end.error_number = facts.exec_error;
  } else if (facts.never_started || (facts.start_error != 0 && !has_run(facts))) {
    end.cause = cause::start_failed;
    end.error_number = facts.start_error;
  } else if (facts.killed == evidence::kill::violation) {
    end.cause = cause::protocol_violation;
  } else if (our_kill || (facts.killed == evidence::kill::owner &&
                          facts.exit == evidence::exit_kind::exited && facts.exit_value == 0)) {
    switch (facts.killed) {
      case evidence::kill::deadline:
        end.cause = cause::deadline;
        break;
      case evidence::kill::start_timeout:
        end.cause = cause::start_timeout;
        break;
      default:
        end.cause = cause::killed_by_owner;
    }
  } else if (facts.server_lost &&
             (facts.exit == evidence::exit_kind::unknown ||
              (facts.exit == evidence::exit_kind::signalled && ended_by(facts) == SIGKILL))) {
    end.cause = cause::fork_server_lost;
  } else if (facts.exit == evidence::exit_kind::exited) {
    end.cause = cause::exit;
  } else if (facts.exit == evidence::exit_kind::signalled) {
    end.cause = cause_of_signal(facts);
  }
  return end;
}

namespace {

// A call that ran when the child ended. `inner`: nothing ran inside it.
call_view running_view(const evidence& facts, const termination& end, std::uint64_t id,
                       bool inner) {
  if (end.cause == cause::deadline)
    return {phase::running, id == facts.overran ? culprit::yes : culprit::no};
  if (!inner || blameless(end.cause)) return {phase::running, culprit::no};
  if (end.cause == cause::killed_from_outside || end.cause == cause::unknown)
    return {phase::running, culprit::unknown};
  return {phase::running, culprit::yes};
}

call_view nested_view(const evidence& facts, const termination& end, std::uint64_t id) {
  if (id > facts.last_nested_started) return {phase::queued, culprit::no};
  const std::vector<std::uint64_t>& running = facts.nested_running;
  if (std::find(running.begin(), running.end(), id) == running.end())
    return {phase::finished, culprit::no};
  return running_view(facts, end, id, id == running.back());
}

}  // namespace

call_view view_of(const evidence& facts, const termination& end, std::uint64_t id) {
  const bool nested = session::is_nested(id);
  // A child that was never there has run nothing, and what was not sent cannot have started.
  if (end.cause == cause::start_failed || end.cause == cause::exec_failed ||
      id > (nested ? facts.highest_nested_sent : facts.highest_sent))
    return {phase::queued, culprit::no};
  if (!plausible(facts)) return {phase::unknown, culprit::unknown};
  if (nested) return nested_view(facts, end, id);
  if (id > facts.last_started) return {phase::queued, culprit::no};
  if (id <= facts.last_finished) {
    // It ended while nothing ran: what ran last may have caused it.
    const bool idle = facts.last_finished == facts.last_started && facts.nested_running.empty();
    const bool suspect = idle && id == facts.last_finished && !blameless(end.cause);
    return {phase::finished, suspect ? culprit::unknown : culprit::no};
  }
  // One call runs at a time: what is still open between the two numbers gives the lie to them.
  if (id != facts.last_started) return {phase::unknown, culprit::unknown};
  return running_view(facts, end, id, facts.nested_running.empty());
}

}  // namespace glovebox::core
