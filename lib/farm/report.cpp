// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/farm/case_record.hpp>
#include <glovebox/farm/farm_report.hpp>

#include "farm/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

namespace glovebox {
namespace {

using farming::one_line;
using farming::pad;

constexpr std::size_t page_width = 100;
constexpr std::size_t most_groups = 20;

std::string right(std::size_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width > digits.size() ? width - digits.size() : 0, ' ') + digits;
}

// What cases have in common that failed for the same reason: no addresses, no process ids.
std::string reason_of(const case_record& record) {
  switch (record.outcome) {
    case outcome::error:
    case outcome::not_run:
      if (!record.type.empty())
        return record.type + (record.message.empty() ? "" : ": " + record.message);
      if (!record.message.empty() || !record.cause) return record.message;
      break;
    case outcome::timed_out:
      return "";
    default:
      break;
  }
  if (!record.cause) return record.type.empty() ? record.message : record.type;
  if (record.signal_number != 0 &&
      (*record.cause == cause::signal || *record.cause == cause::out_of_memory)) {
    const char* const name = ::sigabbrev_np(record.signal_number);
    return name ? std::string("SIG") + name : "signal " + std::to_string(record.signal_number);
  }
  if (*record.cause == cause::exit) return "exit with status " + std::to_string(record.exit_code);
  return std::string(to_string(*record.cause));
}

struct group {
  outcome what;
  std::string reason;
  std::size_t cases;
  std::string example;
};

std::vector<group> group_failures(const std::vector<case_record>& failures) {
  std::map<std::pair<outcome, std::string>, group> found;
  for (const case_record& record : failures) {
    std::string reason = one_line(reason_of(record), 48);
    auto& entry = found[{record.outcome, reason}];
    if (entry.cases++ == 0) {
      entry.what = record.outcome;
      entry.reason = std::move(reason);
      entry.example = one_line(record.name, 28);
    }
  }
  std::vector<group> groups;
  for (auto& [key, value] : found) groups.push_back(std::move(value));
  // Crashes and the like before errors, of which there may be many kinds.
  std::stable_sort(groups.begin(), groups.end(), [](const group& a, const group& b) {
    const auto rank = [](outcome what) {
      return what == outcome::error ? outcome_count : static_cast<std::size_t>(what);
    };
    if (a.what != b.what) return rank(a.what) < rank(b.what);
    return a.cases > b.cases;
  });
  return groups;
}

void add_groups(std::string& to, const std::vector<case_record>& failures) {
  const std::vector<group> groups = group_failures(failures);
  if (groups.empty()) return;
  std::string head = "failures by cause";
  pad(head, 64);
  to += '\n' + head + "  cases  for example\n";
  std::size_t shown = 0;
  for (const group& each : groups) {
    // The last line is kept for how many there are beyond it.
    if (++shown == most_groups && groups.size() > most_groups) {
      to += "... and " + std::to_string(groups.size() - most_groups + 1) + " further causes\n";
      return;
    }
    std::string line = one_line(to_string(each.what), 18);
    if (!each.reason.empty()) {
      pad(line, 15);
      line += ' ' + each.reason;
    }
    line = one_line(line, 63);
    pad(line, 64);
    line += right(each.cases, 7) + "  " + one_line(each.example, page_width - 73);
    to += line + '\n';
  }
}

void add_field(std::string& to, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  std::string line = "  " + std::string(label);
  pad(line, 12);
  to += line + one_line(value, page_width - 12) + '\n';
}

}  // namespace

std::string_view to_string(outcome which) noexcept {
  switch (which) {
    case outcome::ok:
      return "ok";
    case outcome::error:
      return "error";
    case outcome::crashed:
      return "crashed";
    case outcome::timed_out:
      return "timed_out";
    case outcome::out_of_memory:
      return "out_of_memory";
    case outcome::protocol_violation:
      return "protocol_violation";
    case outcome::not_run:
      break;
  }
  return "not_run";
}

std::string case_record::report() const {
  std::string text = one_line(name, page_width - 21) + ": ";
  text += to_string(outcome);
  text += '\n';
  add_field(text, "input", input);
  if (cause) {
    add_field(text, "cause", to_string(*cause));
    add_field(text, "phase",
              std::string(to_string(phase)) + ", culprit: " + std::string(to_string(culprit)));
  }
  add_field(text, "type", type);
  add_field(text, "message", message);
  add_field(text, "result", result);
  if (elapsed.count() > 0) add_field(text, "elapsed", farming::duration_text(elapsed.count()));
  if (peak_memory != 0)
    add_field(text, "memory", std::to_string(peak_memory / 1024) + " KiB at most");
  add_field(text, "attempts", std::to_string(attempts));
  std::string_view label = "stderr";
  for (const std::string& line : stderr_tail) add_field(text, std::exchange(label, ""), line);
  return text;
}

const case_record* farm_report::failure(std::size_t index) const noexcept {
  const auto found = std::lower_bound(
      failures.begin(), failures.end(), index,
      [](const case_record& record, std::size_t wanted) { return record.index < wanted; });
  return found != failures.end() && found->index == index ? &*found : nullptr;
}

std::string farm_report::summary() const {
  std::string text = "outcome               cases    share\n";
  for (const outcome which : all_outcomes) {
    const std::size_t cases = count(which);
    std::string line(to_string(which));
    pad(line, 18);
    std::array<char, 32> share;
    std::snprintf(
        share.data(), share.size(), "%7.2f %%",
        total() == 0 ? 0.0 : 100.0 * static_cast<double>(cases) / static_cast<double>(total()));
    text += line + right(cases, 9) + share.data() + '\n';
  }
  text += "total    " + right(total(), 18) + "   in " + farming::duration_text(elapsed.count());
  if (reruns != 0) text += ", " + std::to_string(reruns) + " cases run again";
  text += '\n';
  if (cancelled) text += "The run was cancelled.\n";
  for (const std::string* const problem : {&gave_up, &journal_error, &save_error})
    if (!problem->empty()) text += one_line(*problem, page_width) + '\n';
  add_groups(text, failures);
  return text;
}

farm_agreement agree(const farm_report& a, const farm_report& b) {
  if (a.total() != b.total())
    throw std::invalid_argument("glovebox::agree: the runs had different numbers of cases");
  farm_agreement result;
  result.compared = a.total();
  for (std::size_t i = 0; i != a.total(); ++i) {
    if (a.outcomes[i] == b.outcomes[i]) continue;
    // They differ, so one of them is not `ok`.
    const case_record* const record = a.failure(i) ? a.failure(i) : b.failure(i);
    result.unstable.push_back(record ? record->name : "case " + std::to_string(i));
  }
  return result;
}

}  // namespace glovebox
