// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/compare.hpp"

#include "farm/text.hpp"

#include <glovebox/farm/failure_group.hpp>

#include <string_view>

namespace glovebox::cli {
namespace {

constexpr std::size_t widest = 90;

std::string said_of(std::string_view label, const std::string& group) {
  return "\n  " + std::string(label) + ' ' + farming::one_line(group, widest);
}

bool has_stack(const case_record& record) {
  return !record.threads.empty() && !record.threads.front().frames.empty();
}

bool same_cause(const case_record& before, const case_record& now) {
  // One that overran may end by itself or be killed; that is a matter of milliseconds.
  if (now.outcome == outcome::timed_out) return true;
  if (before.cause.has_value() != now.cause.has_value()) return false;
  if (!now.cause) return before.type == now.type;
  return *before.cause == *now.cause && before.signal_number == now.signal_number &&
         before.exit_code == now.exit_code;
}

}  // namespace

comparison compare(const core::bundle& before, const case_record& now) {
  const std::string group = group_of(now);
  const std::string& then = before.seen.group;
  if (now.outcome == outcome::ok)
    return {false, "no failure: the function returned" + said_of("it was", then)};
  const bool other = now.outcome != before.seen.outcome || !same_cause(before.seen, now);
  const bool both_stacks = has_stack(now) && !before.stack.empty();
  if (other) return {false, "another failure" + said_of("it was", then) + said_of("it is ", group)};
  if (!both_stacks || group == then)
    return {true, "the same failure: " + farming::one_line(group, widest - 10)};
  if (now.outcome == outcome::timed_out)
    return {true, "the same failure, met in another place" + said_of("it was", then) +
                      said_of("it is ", group)};
  return {false, "it fails in another place" + said_of("it was", then) + said_of("it is ", group)};
}

}  // namespace glovebox::cli
