// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/readable.hpp"

#include <glovebox/context_state.hpp>
#include <glovebox/termination.hpp>

#include <csignal>
#include <cstring>

namespace glovebox {
namespace {

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

// sigaction(2), "The si_code field".
std::string_view code_text(int signal, int code) {
  switch (signal) {
    case SIGSEGV:
      return code == SEGV_MAPERR   ? "address not mapped"
             : code == SEGV_ACCERR ? "no permission"
                                   : "";
    case SIGBUS:
      return code == BUS_ADRALN ? "misaligned" : code == BUS_ADRERR ? "no such address" : "";
    case SIGFPE:
      return code == FPE_INTDIV ? "integer division by zero" : "";
    case SIGILL:
      return code == ILL_ILLOPN || code == ILL_ILLOPC ? "illegal instruction" : "";
    default:
      return "";
  }
}

std::string signal_text(const termination& info) {
  std::string text = signal_name(info.signal_number);
  const std::string_view code = code_text(info.signal_number, info.signal_code);
  if (!code.empty()) text += " (" + std::string(code) + ") at " + core::hex(info.address);
  return text;
}

}  // namespace

std::string core::cause_text(const termination& info) {
  const std::string error =
      info.error_number != 0 ? std::string(": ") + std::strerror(info.error_number) : "";
  const std::string detail = info.detail.empty() ? "" : ": " + info.detail;
  const std::string message = info.message.empty() ? "" : ": " + info.message;
  switch (info.cause) {
    case cause::signal:
      return signal_text(info) + message;
    case cause::exit:
      return "exited with status " + std::to_string(info.exit_code) + message;
    case cause::out_of_memory:
      return "out of memory (" + signal_text(info) + " after an allocation failed)";
    case cause::killed_from_outside:
      return signal_name(info.signal_number) + " from outside";
    case cause::exec_failed:
      return "the host program could not be executed" + detail + error;
    case cause::start_failed:
      return "no child could be started" + detail + error;
    case cause::unknown:
      return "ended for a reason that is not known" + detail;
    default:
      return std::string(to_string(info.cause)) + detail;
  }
}

std::string termination::summary() const {
  std::string text = core::cause_text(*this);
  if (!method.empty()) {
    text += phase == phase::running ? " in " : phase == phase::queued ? " before " : " after ";
    text += method + "(" + arguments + ")";
  }
  if (refused_after != 0)
    text = "not run, since it had killed " + std::to_string(refused_after) +
           (refused_after == 1 ? " child: " : " children: ") + text;
  return core::printable(text, ' ');
}

std::string_view to_string(cause which) noexcept {
  switch (which) {
    case cause::unknown:
      return "unknown";
    case cause::signal:
      return "signal";
    case cause::exit:
      return "exit";
    case cause::out_of_memory:
      return "out of memory";
    case cause::policy_violation:
      return "policy violation";
    case cause::deadline:
      return "deadline";
    case cause::protocol_violation:
      return "protocol violation";
    case cause::killed_by_owner:
      return "killed by owner";
    case cause::killed_from_outside:
      return "killed from outside";
    case cause::fork_server_lost:
      return "fork server lost";
    case cause::exec_failed:
      return "exec failed";
    case cause::start_failed:
      return "start failed";
    case cause::start_timeout:
      return "start timeout";
  }
  return "unknown";
}

std::string_view to_string(phase which) noexcept {
  switch (which) {
    case phase::queued:
      return "queued";
    case phase::running:
      return "running";
    case phase::finished:
      return "finished";
    case phase::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(culprit which) noexcept {
  switch (which) {
    case culprit::no:
      return "no";
    case culprit::yes:
      return "yes";
    case culprit::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(context_state which) noexcept {
  switch (which) {
    case context_state::not_started:
      return "not started";
    case context_state::starting:
      return "starting";
    case context_state::ready:
      return "ready";
    case context_state::terminating:
      return "terminating";
    case context_state::terminated:
      break;
  }
  return "terminated";
}

}  // namespace glovebox
