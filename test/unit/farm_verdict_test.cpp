// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/verdict.hpp"

#include <glovebox/failures.hpp>

#include "runtime/remote_errors.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(farm_verdict_test)

using glovebox::cause;
using glovebox::culprit;
using glovebox::outcome;
using glovebox::phase;
using glovebox::termination;
using glovebox::detail::case_reply;
using glovebox::farming::circumstances;
using glovebox::farming::judge;
using glovebox::farming::verdict;
using weight = verdict::weight;

constexpr circumstances in_pool{false, true};
constexpr circumstances by_itself{true, true};
constexpr circumstances no_limit{false, false};

template <class E>
verdict after(E error, const circumstances& how) {
  return judge(std::make_exception_ptr(std::move(error)), {}, how);
}

termination ended(cause why, phase when, culprit who) {
  termination info;
  info.cause = why;
  info.phase = when;
  info.culprit = who;
  info.method = "decode";
  info.arguments = "\"x\"";
  info.pid = 4711;
  return info;
}

verdict after_death(cause why, phase when, culprit who, const circumstances& how) {
  return after(glovebox::process_terminated(ended(why, when, who)), how);
}

// Whatever a child's stacks are like, a record of them is no larger than this.
termination with_stacks(std::size_t threads, std::size_t frames) {
  termination info = ended(cause::signal, phase::running, culprit::yes);
  info.signal_number = SIGABRT;
  info.message = std::string(100'000, 'm');
  info.threads.resize(threads);
  for (auto& each : info.threads) each.frames.resize(frames);
  if (threads != 0) info.threads.front().tid = 7;
  return info;
}

case_reply replied(case_reply::ending how) {
  case_reply reply;
  reply.end = static_cast<std::uint8_t>(how);
  reply.elapsed = 5000;
  reply.peak_memory = 4096;
  reply.type = "std::range_error";
  reply.text = "text";
  return reply;
}

void check(const verdict& got, weight how, outcome what) {
  BOOST_TEST(static_cast<int>(got.how) == static_cast<int>(how));
  BOOST_TEST(to_string(got.record.outcome) == to_string(what));
}

BOOST_AUTO_TEST_CASE(replies) {
  const verdict good = judge(nullptr, replied(case_reply::ending::returned), in_pool);
  check(good, weight::settled, outcome::ok);
  BOOST_TEST(good.record.result == "text");
  BOOST_TEST(good.record.elapsed.count() == 5000);
  BOOST_TEST(good.record.peak_memory == 4096u);
  BOOST_TEST(!good.record.cause);

  const verdict thrown = judge(nullptr, replied(case_reply::ending::threw), in_pool);
  check(thrown, weight::settled, outcome::error);
  BOOST_TEST(thrown.record.type == "std::range_error");
  BOOST_TEST(thrown.record.message == "text");
  BOOST_TEST(thrown.record.result.empty());
}

BOOST_AUTO_TEST_CASE(no_memory_counts_under_a_limit_only) {
  const auto judged = [](const circumstances& how) {
    return judge(nullptr, replied(case_reply::ending::no_memory), how);
  };
  check(judged(in_pool), weight::blamed, outcome::out_of_memory);
  BOOST_TEST(judged(in_pool).child_lives);
  check(judged(by_itself), weight::settled, outcome::out_of_memory);
  check(judged(no_limit), weight::settled, outcome::error);
}

BOOST_AUTO_TEST_CASE(hostile_replies) {
  case_reply reply = replied(case_reply::ending::returned);
  reply.end = 77;
  check(judge(nullptr, case_reply(reply), in_pool), weight::inconclusive,
        outcome::protocol_violation);
  check(judge(nullptr, case_reply(reply), by_itself), weight::settled, outcome::protocol_violation);
  reply = replied(case_reply::ending::threw);
  reply.elapsed = ~std::uint64_t{0};
  reply.text.assign(1 << 20, 'x');
  reply.type.assign(1 << 20, 'x');
  const verdict judged = judge(nullptr, std::move(reply), in_pool);
  BOOST_TEST((judged.record.elapsed == std::chrono::nanoseconds::max()));
  BOOST_TEST(judged.record.message.size() <= 4096u);
  BOOST_TEST(judged.record.type.size() <= 256u);
}

BOOST_AUTO_TEST_CASE(exceptions_from_outside_the_function) {
  glovebox::core::exception_record record;
  record.type = "my::error";
  record.base = glovebox::core::standard_base::logic_error;
  record.message = "why";
  const auto judged = [&](const circumstances& how) {
    return judge(glovebox::runtime::make_remote_exception(record, "decode"), {}, how);
  };
  check(judged(in_pool), weight::settled, outcome::error);
  BOOST_TEST(judged(in_pool).record.type == "my::error");
  BOOST_TEST(judged(in_pool).record.message == "why");
  record.base = glovebox::core::standard_base::bad_alloc;
  check(judged(in_pool), weight::blamed, outcome::out_of_memory);
  check(judged(no_limit), weight::settled, outcome::error);
  record.base = glovebox::core::standard_base::bad_array_new_length;
  check(judged(in_pool), weight::settled, outcome::error);
}

BOOST_AUTO_TEST_CASE(crashes) {
  const auto judged = [](cause why, const circumstances& how) {
    return after_death(why, phase::running, culprit::yes, how);
  };
  check(judged(cause::signal, in_pool), weight::blamed, outcome::crashed);
  check(judged(cause::signal, by_itself), weight::settled, outcome::crashed);
  check(judged(cause::exit, in_pool), weight::blamed, outcome::crashed);
  check(judged(cause::exit, by_itself), weight::settled, outcome::crashed);
  check(judged(cause::policy_violation, by_itself), weight::settled, outcome::crashed);
  check(judged(cause::out_of_memory, in_pool), weight::blamed, outcome::out_of_memory);
  check(judged(cause::out_of_memory, by_itself), weight::settled, outcome::out_of_memory);
  const verdict one = judged(cause::signal, in_pool);
  BOOST_TEST(one.record.pid == 4711);
  BOOST_TEST((one.record.cause == cause::signal));
  BOOST_TEST(!one.child_lives);
  // Function and input stand elsewhere in a record.
  BOOST_TEST(one.record.message.find("decode") == std::string::npos);
}

// Garbage is read later than it is written, so in a shared child it may be anybody's.
BOOST_AUTO_TEST_CASE(protocol_violations) {
  const auto judged = [](phase when, culprit who, const circumstances& how) {
    return after_death(cause::protocol_violation, when, who, how);
  };
  check(judged(phase::running, culprit::yes, in_pool), weight::inconclusive,
        outcome::protocol_violation);
  check(judged(phase::running, culprit::yes, by_itself), weight::settled,
        outcome::protocol_violation);
  check(judged(phase::finished, culprit::unknown, by_itself), weight::settled,
        outcome::protocol_violation);
  check(after(glovebox::protocol_error("bad"), in_pool), weight::inconclusive,
        outcome::protocol_violation);
  check(after(glovebox::protocol_error("bad"), by_itself), weight::settled,
        outcome::protocol_violation);
}

BOOST_DATA_TEST_CASE(finished_cases_are_only_suspects_in_a_pool,
                     boost::unit_test::data::make({0, 1, 2}), number) {
  constexpr culprit whos[] = {culprit::no, culprit::unknown, culprit::yes};
  const culprit who = whos[number];
  check(after_death(cause::signal, phase::finished, who, in_pool), weight::inconclusive,
        outcome::crashed);
  check(after_death(cause::signal, phase::finished, who, by_itself), weight::settled,
        outcome::crashed);
}

BOOST_AUTO_TEST_CASE(what_others_did_is_no_evidence) {
  for (const circumstances& how : {in_pool, by_itself})
    for (const cause why : {cause::unknown, cause::killed_by_owner, cause::killed_from_outside,
                            cause::fork_server_lost, cause::start_timeout})
      for (const phase when : {phase::running, phase::finished, phase::unknown})
        check(after_death(why, when, culprit::unknown, how), weight::inconclusive,
              outcome::crashed);
}

BOOST_AUTO_TEST_CASE(what_never_started_is_not_run) {
  for (const circumstances& how : {in_pool, by_itself})
    for (const cause why : {cause::start_failed, cause::exec_failed, cause::signal, cause::exit,
                            cause::fork_server_lost, cause::protocol_violation})
      check(after_death(why, phase::queued, culprit::no, how), weight::inconclusive,
            outcome::not_run);
}

BOOST_AUTO_TEST_CASE(deadlines) {
  const auto judged = [](phase when, bool child_alive) {
    termination info = ended(cause::deadline, when, culprit::yes);
    info.elapsed = std::chrono::milliseconds(7);
    return after(glovebox::call_timeout(std::move(info), child_alive), in_pool);
  };
  check(judged(phase::running, false), weight::settled, outcome::timed_out);
  BOOST_TEST((judged(phase::running, false).record.cause == cause::deadline));
  BOOST_TEST(judged(phase::running, false).record.elapsed.count() == 7'000'000);
  check(judged(phase::running, true), weight::settled, outcome::timed_out);
  BOOST_TEST(!judged(phase::running, true).record.cause);
  check(judged(phase::queued, true), weight::inconclusive, outcome::not_run);
  // The child was killed for another one's deadline.
  check(after_death(cause::deadline, phase::finished, culprit::no, in_pool), weight::inconclusive,
        outcome::timed_out);
}

BOOST_AUTO_TEST_CASE(other_failures) {
  check(after(glovebox::codec_error("args[1]", "too deep"), in_pool), weight::settled,
        outcome::not_run);
  check(after(glovebox::state_error("ended"), in_pool), weight::inconclusive, outcome::not_run);
  check(after(glovebox::overloaded("full"), in_pool), weight::inconclusive, outcome::not_run);
  check(after(std::runtime_error("else"), in_pool), weight::inconclusive, outcome::not_run);
  check(after(5, in_pool), weight::inconclusive, outcome::not_run);
}

BOOST_AUTO_TEST_CASE(stacks_are_kept_within_bounds) {
  const auto few = after(glovebox::process_terminated(with_stacks(2, 3)), by_itself).record;
  BOOST_REQUIRE(few.threads.size() == 2u);
  BOOST_TEST(few.threads.front().tid == 7);
  BOOST_TEST(few.threads.back().frames.size() == 3u);
  BOOST_TEST(few.threads.back().note.empty());
  const auto many = after(glovebox::process_terminated(with_stacks(1000, 1000)), by_itself).record;
  BOOST_REQUIRE(many.threads.size() == 8u);
  BOOST_TEST(many.threads.front().frames.size() == 128u);
  BOOST_TEST(many.threads.front().note == "872 more");
  BOOST_TEST(many.threads.back().frames.size() == 16u);
  BOOST_TEST(many.last_words.size() == 4096u);
}

BOOST_AUTO_TEST_SUITE_END()
