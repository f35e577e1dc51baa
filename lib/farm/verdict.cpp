// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/verdict.hpp"

#include <glovebox/failures.hpp>
#include <glovebox/remote_exception.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace glovebox::farming {
namespace {

using weight = verdict::weight;

// Texts are the child's: a hostile one must not fill the parent's memory with records.
constexpr std::size_t longest_type = 256;
constexpr std::size_t longest_text = 4096;

void shorten(std::string& text, std::size_t longest) {
  if (text.size() > longest) text.resize(longest);
}

std::chrono::nanoseconds duration(std::uint64_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(count, most)));
}

// In a child that ran other cases too, the memory may be used up by what those leaked.
void blame_for_memory(verdict& made, const circumstances& how) {
  const bool limited = how.memory_limited;
  made.record.outcome = limited ? outcome::out_of_memory : outcome::error;
  made.how = limited && !how.alone ? weight::blamed : weight::settled;
}

verdict of_reply(detail::case_reply&& reply, const circumstances& how) {
  using ending = detail::case_reply::ending;
  verdict made;
  made.how = weight::settled;
  made.child_lives = true;
  case_record& record = made.record;
  record.elapsed = duration(reply.elapsed);
  record.peak_memory = reply.peak_memory;
  shorten(reply.text, longest_text);
  shorten(reply.type, longest_type);
  switch (static_cast<ending>(reply.end)) {
    case ending::returned:
      record.outcome = outcome::ok;
      record.result = std::move(reply.text);
      return made;
    case ending::threw:
      record.outcome = outcome::error;
      record.type = std::move(reply.type);
      record.message = std::move(reply.text);
      return made;
    case ending::no_memory:
      record.type = std::move(reply.type);
      record.message = std::move(reply.text);
      blame_for_memory(made, how);
      return made;
  }
  record.outcome = outcome::protocol_violation;
  record.message = "the answer says neither that the case returned nor that it threw";
  made.how = how.alone ? weight::settled : weight::inconclusive;
  return made;
}

// What the child did itself, as opposed to what was done to it.
bool own_doing(cause why) {
  switch (why) {
    case cause::signal:
    case cause::exit:
    case cause::out_of_memory:
    case cause::policy_violation:
    case cause::protocol_violation:
    case cause::deadline:
      return true;
    default:
      return false;
  }
}

outcome outcome_of(cause why) {
  switch (why) {
    case cause::out_of_memory:
      return outcome::out_of_memory;
    case cause::deadline:
      return outcome::timed_out;
    case cause::protocol_violation:
      return outcome::protocol_violation;
    default:
      return outcome::crashed;
  }
}

// Of the thread that crashed nearly all, of the others enough to see what they were about.
std::vector<thread_trace> some_of(const std::vector<thread_trace>& threads) {
  constexpr std::size_t most_threads = 8, most_frames = 128, of_others = 16;
  std::vector<thread_trace> kept;
  for (const thread_trace& each : threads) {
    if (kept.size() == most_threads) break;
    thread_trace& copy = kept.emplace_back();
    copy.tid = each.tid;
    copy.name = each.name;
    copy.state = each.state;
    copy.note = each.note;
    const std::size_t most = kept.size() == 1 ? most_frames : of_others;
    const std::size_t count = std::min(each.frames.size(), most);
    copy.frames.assign(each.frames.begin(),
                       each.frames.begin() + static_cast<std::ptrdiff_t>(count));
    if (count < each.frames.size() && copy.note.empty())
      copy.note = std::to_string(each.frames.size() - count) + " more";
  }
  return kept;
}

void describe_end(case_record& record, const termination& info) {
  record.cause = info.cause;
  record.phase = info.phase;
  record.culprit = info.culprit;
  record.signal_number = info.signal_number;
  record.exit_code = info.exit_code;
  record.elapsed = info.elapsed;
  record.peak_memory = info.usage.peak_memory;
  record.stderr_tail = info.stderr_tail;
  record.pid = info.pid;
  record.last_words = info.message;
  shorten(record.last_words, longest_text);
  record.threads = some_of(info.threads);
}

verdict of_termination(const termination& info, const circumstances& how) {
  verdict made;
  describe_end(made.record, info);
  // Without the call: function and input are known.
  termination without_call = info;
  without_call.method.clear();
  made.record.message = without_call.summary();
  if (info.phase == phase::queued) {
    made.record.outcome = outcome::not_run;
    return made;
  }
  made.record.outcome = outcome_of(info.cause);
  if (!own_doing(info.cause)) return made;
  if (how.alone)
    made.how = weight::settled;
  else if (info.cause == cause::deadline)
    made.how = info.culprit == culprit::yes ? weight::settled : weight::inconclusive;
  else if (info.cause == cause::protocol_violation)
    // Bytes are read later than they are written: any case before this one may have sent them.
    made.how = weight::inconclusive;
  else if (info.phase == phase::running && info.culprit == culprit::yes)
    made.how = weight::blamed;
  return made;
}

verdict of_timeout(const call_timeout& late) {
  verdict made;
  case_record& record = made.record;
  describe_end(record, late.info());
  made.child_lives = late.child_alive();
  if (made.child_lives) record.cause.reset();
  if (late.phase() == phase::queued) {
    record.message = "no child could take it in time";
    return made;
  }
  record.outcome = outcome::timed_out;
  record.message = made.child_lives ? "overran its deadline, and ended by itself"
                                    : "overran its deadline, and was killed";
  made.how = weight::settled;
  return made;
}

verdict of_exception(const remote_exception& thrown, const circumstances& how) {
  verdict made;
  made.how = weight::settled;
  made.child_lives = true;
  made.record.outcome = outcome::error;
  made.record.type = thrown.type_name();
  made.record.message = thrown.message();
  shorten(made.record.type, longest_type);
  shorten(made.record.message, longest_text);
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&thrown) &&
                         !dynamic_cast<const std::bad_array_new_length*>(&thrown);
  if (no_memory) blame_for_memory(made, how);
  return made;
}

verdict of_violation(const protocol_error& wrong, const circumstances& how) {
  verdict made;
  made.record.outcome = outcome::protocol_violation;
  made.record.cause = cause::protocol_violation;
  made.record.message = wrong.what();
  made.how = how.alone ? weight::settled : weight::inconclusive;
  return made;
}

}  // namespace

verdict judge(const std::exception_ptr& error, detail::case_reply&& reply,
              const circumstances& how) {
  if (!error) return of_reply(std::move(reply), how);
  try {
    std::rethrow_exception(error);
  } catch (const remote_exception& thrown) {
    return of_exception(thrown, how);
  } catch (const process_terminated& end) {
    return of_termination(end.info(), how);
  } catch (const call_timeout& late) {
    return of_timeout(late);
  } catch (const protocol_error& wrong) {
    return of_violation(wrong, how);
  } catch (const codec_error& wrong) {
    return not_started(wrong.what());  // the input cannot travel, now or later
  } catch (const std::exception& other) {
    verdict made;
    made.record.message = other.what();
    return made;
  } catch (...) {
    verdict made;
    made.record.message = "an unknown failure";
    return made;
  }
}

verdict not_started(std::string message) {
  verdict made;
  made.how = weight::settled;
  made.record.outcome = outcome::not_run;
  made.record.message = std::move(message);
  return made;
}

}  // namespace glovebox::farming
