// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/farm/case_record.hpp>
#include <glovebox/farm/farm_report.hpp>

#include "core/frames.hpp"
#include "farm/frames.hpp"
#include "farm/grouping.hpp"
#include "farm/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
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

// One line for each group, and one for where it happened.
void add_groups(std::string& to, const std::vector<failure_group>& groups) {
  if (groups.empty()) return;
  constexpr std::size_t cause_width = 58;  // with the names of most examples beside it
  std::string head = "failures by cause";
  pad(head, cause_width);
  to += '\n' + head + "  cases  for example\n";
  std::size_t shown = 0;
  for (const failure_group& each : groups) {
    // The last line is kept for how many there are beyond it.
    if (++shown == most_groups && groups.size() > most_groups) {
      to += "... and " + std::to_string(groups.size() - most_groups + 1) + " further causes\n";
      return;
    }
    std::string line = one_line(to_string(each.outcome), 18);
    if (!each.what.empty()) {
      pad(line, 15);
      line += ' ' + each.what;
    }
    line = one_line(line, cause_width - 1);
    pad(line, cause_width);
    line += right(each.count, 7) + "  ";
    line += one_line(each.example_name, page_width - cause_width - 9);
    to += line + '\n';
    if (each.frames.empty()) continue;
    std::string where(16, ' ');
    where += "in ";
    to += where + one_line(farming::joined(each.frames), page_width - where.size()) + '\n';
  }
}

void add_field(std::string& to, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  std::string line = "  " + std::string(label);
  pad(line, 12);
  to += line + one_line(value, page_width - 12) + '\n';
}

void add_stack(std::string& to, const thread_trace& thread) {
  constexpr std::size_t most = 16;
  std::string_view label = "stack";
  const std::vector<stack_frame> frames = core::without_runtime(thread.frames);
  for (std::size_t i = 0; i != frames.size() && i != most; ++i) {
    std::string number = "#" + std::to_string(i);
    pad(number, 4);
    add_field(to, std::exchange(label, ""), number + farming::frame_text(frames[i]));
  }
  if (frames.size() > most)
    add_field(to, "", "... and " + std::to_string(frames.size() - most) + " more");
  if (!thread.note.empty()) add_field(to, label, "(" + thread.note + ")");
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
  // A message of a signal or an exit has it already.
  if (message.find(last_words) == message.npos) add_field(text, "said", last_words);
  if (!threads.empty()) add_stack(text, threads.front());
  if (!group.empty()) add_field(text, "group", group);
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
  add_groups(text, groups());
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
