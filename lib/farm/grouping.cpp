// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/grouping.hpp"

#include "farm/frames.hpp"
#include "farm/text.hpp"

#include <glovebox/farm/farm_report.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace glovebox {
namespace {

using farming::one_line;

// Of texts only the beginning counts: further on they tend to tell of the case's data.
constexpr std::size_t widest_reason = 48;
constexpr std::size_t widest_name = 200;

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

// No addresses, no process ids.
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
      (*record.cause == cause::signal || *record.cause == cause::out_of_memory))
    return signal_name(record.signal_number);
  if (*record.cause == cause::exit) return "exit with status " + std::to_string(record.exit_code);
  return std::string(to_string(*record.cause));
}

}  // namespace

namespace farming {

std::string joined(const std::vector<std::string>& frames) {
  std::string text;
  for (const std::string& each : frames) text += (text.empty() ? "" : " < ") + each;
  return text;
}

failure_group describe_group(const case_record& record) {
  failure_group group;
  group.outcome = record.outcome;
  group.example = record.index;
  const std::string reason = reason_of(record);
  group.what = reason;
  if (!record.last_words.empty()) group.what += (reason.empty() ? "" : ": ") + record.last_words;
  group.what = one_line(group.what, widest_reason);
  if (!record.threads.empty()) group.frames = telling_frames(record.threads.front());
  group.key = to_string(record.outcome);
  if (group.frames.empty()) {
    if (!group.what.empty()) group.key += ' ' + group.what;
  } else {
    if (!reason.empty()) group.key += ' ' + one_line(reason, widest_reason);
    std::string where;
    append_utf8(where, joined(group.frames));
    group.key += " in " + where;
  }
  return group;
}

}  // namespace farming

std::string group_of(const case_record& record) {
  return record.outcome == outcome::ok ? std::string() : farming::describe_group(record).key;
}

std::vector<failure_group> farm_report::groups() const {
  std::map<std::string, failure_group> found;
  for (const case_record& record : failures) {
    failure_group made = farming::describe_group(record);
    failure_group& entry = found[made.key];
    if (entry.count == 0) {
      entry = std::move(made);
      entry.example_name = one_line(record.name, widest_name);
    }
    ++entry.count;
  }
  std::vector<failure_group> groups;
  for (auto& [key, value] : found) groups.push_back(std::move(value));
  // Crashes and the like before errors, of which there may be many kinds.
  std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    const auto rank = [](outcome what) {
      return what == outcome::error ? outcome_count : static_cast<std::size_t>(what);
    };
    if (a.outcome != b.outcome) return rank(a.outcome) < rank(b.outcome);
    return a.count > b.count;
  });
  return groups;
}

}  // namespace glovebox
