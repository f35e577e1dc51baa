// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/context_state.hpp>
#include <glovebox/termination.hpp>

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

namespace glovebox {
namespace {

constexpr std::size_t page_width = 100;

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

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string signal_text(const termination& info) {
  std::string text = signal_name(info.signal_number);
  const std::string_view code = code_text(info.signal_number, info.signal_code);
  if (!code.empty()) text += " (" + std::string(code) + ") at " + hex(info.address);
  return text;
}

std::string cause_text(const termination& info) {
  const std::string error =
      info.error_number != 0 ? std::string(": ") + std::strerror(info.error_number) : "";
  const std::string detail = info.detail.empty() ? "" : ": " + info.detail;
  switch (info.cause) {
    case cause::signal:
      return signal_text(info);
    case cause::exit:
      return "exited with status " + std::to_string(info.exit_code);
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

// How many bytes of well-formed UTF-8 stand at the front of `text`, for one character outside ASCII
// that is no control character; else 0.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continued = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i != to; ++i)
      if ((byte(i) & 0xC0) != 0x80) return false;
    return true;
  };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first >= 0xC2 && first <= 0xDF)
    return continued(1, 2) && !(first == 0xC2 && second < 0xA0) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool too_long = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return continued(1, 3) && !too_long && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool out_of_range = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return continued(1, 4) && !out_of_range ? 4 : 0;
  }
  return 0;
}

// Arguments and output hold whatever the child likes; a terminal that shows them must not obey it,
// and every byte must be worth a column at most.
std::string printable(std::string_view text, char line_end = '\n') {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string clean;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    std::size_t size = 1;
    if (first == '\n' || first == '\t') {
      clean += first == '\n' ? line_end : ' ';
    } else if (first >= 0x20 && first < 0x7F) {
      clean += text.front();
    } else if ((size = character(text)) != 0) {
      clean += text.substr(0, size);
    } else {
      size = 1;
      clean += {'\\', 'x', digits[first >> 4], digits[first & 15]};
    }
    text.remove_prefix(size);
  }
  return clean;
}

void add_wrapped(std::string& to, std::string_view label, std::string_view raw) {
  const std::string clean = printable(raw);
  std::string_view text = clean;
  constexpr std::size_t indent = 12;
  const std::size_t room = page_width - indent;
  bool first = true;
  do {
    std::string_view line = text.substr(0, room);
    if (line.size() != text.size())
      while ((static_cast<unsigned char>(text[line.size()]) & 0xC0) == 0x80) line.remove_suffix(1);
    // Between words where there are any, so that what is one word can be copied as one.
    if (line.size() != text.size())
      if (const auto space = line.rfind(' '); space != line.npos && space > room / 4)
        line = line.substr(0, space + 1);
    if (const auto end = line.find('\n'); end != line.npos) line = line.substr(0, end);
    std::string start = first ? "  " + std::string(label) : "";
    start.resize(indent, ' ');
    to += start;
    to += line;
    to += '\n';
    text.remove_prefix(line.size());
    if (!text.empty() && text.front() == '\n') text.remove_prefix(1);
    first = false;
  } while (!text.empty());
}

}  // namespace

std::string termination::summary() const {
  std::string text = cause_text(*this);
  if (!method.empty()) {
    text += phase == phase::running ? " in " : phase == phase::queued ? " before " : " after ";
    text += method + "(" + arguments + ")";
  }
  return printable(text, ' ');
}

std::string termination::report() const {
  std::string text = "child " + std::to_string(pid) + " terminated\n";
  add_wrapped(text, "cause", cause_text(*this));
  if (exit_pending) add_wrapped(text, "", "its exit has not been seen yet");
  if (!method.empty()) {
    add_wrapped(text, "call", method);
    add_wrapped(text, "arguments", arguments.empty() ? "none" : arguments);
    std::string state(to_string(phase));
    if (elapsed.count() > 0)
      state +=
          " for " +
          std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()) +
          " ms";
    add_wrapped(text, "phase", state + ", culprit: " + std::string(to_string(culprit)));
  }
  if (usage.peak_memory != 0)
    add_wrapped(text, "memory", std::to_string(usage.peak_memory / 1024) + " KiB at most");
  bool first = true;
  for (const std::string& line : stderr_tail) {
    add_wrapped(text, first ? "stderr" : "", line);
    first = false;
  }
  return text;
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
