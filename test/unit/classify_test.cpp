// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/classify.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <limits>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(classify_test)

using namespace glovebox;
using core::classify;
using core::evidence;
using core::view_of;

constexpr pid_t child = 4711;
constexpr pid_t somebody = 815;

/// Calls 1 to 5 were sent; 1 and 2 have finished, 3 runs.
evidence in_call_3() {
  evidence facts;
  facts.pid = child;
  facts.highest_sent = 5;
  facts.last_started = 3;
  facts.last_finished = 2;
  return facts;
}

evidence idle() {
  evidence facts = in_call_3();
  facts.last_finished = 3;
  return facts;
}

evidence exited(int code, evidence facts = in_call_3()) {
  facts.exit = evidence::exit_kind::exited;
  facts.exit_value = code;
  return facts;
}

evidence signalled(int number, evidence facts = in_call_3()) {
  facts.exit = evidence::exit_kind::signalled;
  facts.exit_value = number;
  return facts;
}

/// With the record that the child's handler leaves.
evidence recorded(int number, int code, int sender, std::uint64_t address = 0) {
  evidence facts = signalled(number);
  facts.signal_number = number;
  facts.signal_code = code;
  facts.signal_sender = sender;
  facts.signal_address = address;
  return facts;
}

evidence killed(evidence::kill why, evidence facts = signalled(SIGKILL)) {
  facts.killed = why;
  facts.detail = "in words";
  facts.overran = why == evidence::kill::deadline ? 3 : 0;
  return facts;
}

/// It had crashed, and was killed while it waited to be looked at.
evidence waited(evidence facts) {
  facts.crashed = true;
  return signalled(SIGKILL, facts);
}

evidence with_failed_allocation(evidence facts) {
  facts.allocation_failed = 1;
  return facts;
}

evidence with_lost_server(evidence facts) {
  facts.server_lost = true;
  return facts;
}

evidence with_start_errors(int start, int exec, evidence facts) {
  facts.start_error = start;
  facts.exec_error = exec;
  return facts;
}

evidence never_started(int error) {
  evidence facts;
  facts.never_started = true;
  facts.start_error = error;
  return facts;
}

struct row {
  const char* name;
  evidence facts;
  glovebox::cause cause;
  glovebox::phase phase;  // of call 3
  glovebox::culprit culprit;
};

std::vector<row> rows() {
  using enum cause;
  constexpr auto running = phase::running;
  constexpr auto finished = phase::finished;
  constexpr auto queued = phase::queued;
  constexpr auto yes = culprit::yes;
  constexpr auto no = culprit::no;
  constexpr auto unsure = culprit::unknown;
  using kill = evidence::kill;
  evidence gone = in_call_3();  // no exit seen
  evidence other_deadline = killed(kill::deadline);
  other_deadline.overran = 2;
  evidence before_ready = in_call_3();
  before_ready.last_started = before_ready.last_finished = before_ready.highest_sent = 0;
  return {
      {"no evidence at all", gone, unknown, running, unsure},
      // ---- signals of the child's own
      {"null dereference", recorded(SIGSEGV, SEGV_MAPERR, 0, 16), signal, running, yes},
      {"division by zero", recorded(SIGFPE, FPE_INTDIV, 0, 16), signal, running, yes},
      {"abort", recorded(SIGABRT, SI_TKILL, child), signal, running, yes},
      {"a fault without a record, as after a stack overflow", signalled(SIGSEGV), signal, running,
       yes},
      {"its limit of processor time", signalled(SIGXCPU), signal, running, yes},
      {"a fault while idle", signalled(SIGSEGV, idle()), signal, finished, unsure},
      {"a record of another signal than it died of",
       [] {
         evidence facts = recorded(SIGSEGV, SI_USER, somebody);
         facts.exit_value = SIGBUS;
         return facts;
       }(),
       signal, running, yes},
      // ---- signals of others
      {"SIGKILL", signalled(SIGKILL), killed_from_outside, running, unsure},
      {"SIGTERM", signalled(SIGTERM), killed_from_outside, running, unsure},
      {"SIGKILL while idle", signalled(SIGKILL, idle()), killed_from_outside, finished, unsure},
      {"SIGSEGV, but sent", recorded(SIGSEGV, SI_USER, somebody), killed_from_outside, running,
       unsure},
      {"SIGABRT, but sent", recorded(SIGABRT, SI_TKILL, somebody), killed_from_outside, running,
       unsure},
      {"SIGKILL that the child claims for itself", recorded(SIGKILL, SEGV_MAPERR, child),
       killed_from_outside, running, unsure},
      // ---- memory
      {"abort after a failed allocation",
       with_failed_allocation(recorded(SIGABRT, SI_TKILL, child)), out_of_memory, running, yes},
      {"crash after a failed allocation", with_failed_allocation(signalled(SIGSEGV)), out_of_memory,
       running, yes},
      {"exit after a failed allocation", with_failed_allocation(exited(1)), cause::exit, running,
       yes},
      {"SIGKILL after a failed allocation", with_failed_allocation(signalled(SIGKILL)),
       killed_from_outside, running, unsure},
      {"abort sent after a failed allocation",
       with_failed_allocation(recorded(SIGABRT, SI_USER, somebody)), killed_from_outside, running,
       unsure},
      // ---- exit
      {"exit(0) in a call", exited(0), cause::exit, running, yes},
      {"exit(1) in a call", exited(1), cause::exit, running, yes},
      {"exit(0) while idle", exited(0, idle()), cause::exit, finished, unsure},
      // ---- the parent's kills
      {"deadline", killed(kill::deadline), deadline, running, yes},
      {"deadline of another call", other_deadline, deadline, running, no},
      {"deadline, exit not seen", killed(kill::deadline, gone), deadline, running, yes},
      {"violation", killed(kill::violation), protocol_violation, running, yes},
      {"violation, then an exit", killed(kill::violation, exited(0)), protocol_violation, running,
       yes},
      {"violation, then a crash", killed(kill::violation, signalled(SIGSEGV)), protocol_violation,
       running, yes},
      {"kill()", killed(kill::owner), killed_by_owner, running, no},
      {"kill() while idle", killed(kill::owner, signalled(SIGKILL, idle())), killed_by_owner,
       finished, no},
      {"stop(), and it went", killed(kill::owner, exited(0, idle())), killed_by_owner, finished,
       no},
      {"start timeout", killed(kill::start_timeout, signalled(SIGKILL, before_ready)),
       start_timeout, queued, no},
      {"start timeout, exit not seen", killed(kill::start_timeout, before_ready), start_timeout,
       queued, no},
      {"start timeout, of a child that ran calls", killed(kill::start_timeout), start_timeout,
       running, no},
      // ---- what the child did before the kill reached it
      {"crash before the deadline's kill", killed(kill::deadline, signalled(SIGSEGV)), signal,
       running, yes},
      {"exit before the deadline's kill", killed(kill::deadline, exited(0)), cause::exit, running,
       yes},
      {"crash before the owner's kill", killed(kill::owner, signalled(SIGSEGV)), signal, running,
       yes},
      {"exit(3) before the owner's kill", killed(kill::owner, exited(3)), cause::exit, running,
       yes},
      // ---- and while it waited to be looked at
      {"crash, then SIGKILL", waited(recorded(SIGSEGV, SEGV_MAPERR, 0, 16)), signal, running, yes},
      {"abort after a failed allocation, then SIGKILL",
       with_failed_allocation(waited(recorded(SIGABRT, SI_TKILL, child))), out_of_memory, running,
       yes},
      {"SIGSEGV, but sent, then SIGKILL", waited(recorded(SIGSEGV, SI_USER, somebody)),
       killed_from_outside, running, unsure},
      {"a record of no crash, then SIGKILL", waited(recorded(SIGTERM, SI_TKILL, child)),
       killed_from_outside, running, unsure},
      {"crash, then the owner's kill",
       killed(kill::owner, waited(recorded(SIGSEGV, SEGV_MAPERR, 0, 16))), signal, running, yes},
      {"crash, then the server's end",
       with_lost_server(waited(recorded(SIGSEGV, SEGV_MAPERR, 0, 16))), signal, running, yes},
      {"crash, then a violation",
       killed(kill::violation, waited(recorded(SIGSEGV, SEGV_MAPERR, 0, 16))), protocol_violation,
       running, yes},
      // ---- the fork server
      {"server lost, exit not seen", with_lost_server(gone), fork_server_lost, running, no},
      {"server lost, killed along", with_lost_server(signalled(SIGKILL)), fork_server_lost, running,
       no},
      {"server lost while idle", with_lost_server(signalled(SIGKILL, idle())), fork_server_lost,
       finished, no},
      {"crash, and the server is lost too", with_lost_server(signalled(SIGSEGV)), signal, running,
       yes},
      {"exit(9), and the server is lost too", with_lost_server(exited(SIGKILL)), cause::exit,
       running, yes},
      {"server lost after the owner's kill", with_lost_server(killed(kill::owner, gone)),
       killed_by_owner, running, no},
      // ---- the start
      {"no process", never_started(EAGAIN), start_failed, queued, no},
      {"no process, and no number says why", never_started(0), start_failed, queued, no},
      {"preparation failed", with_start_errors(EPERM, 0, exited(127, before_ready)), start_failed,
       queued, no},
      {"host missing", with_start_errors(0, ENOENT, exited(127, before_ready)), exec_failed, queued,
       no},
      {"host missing, exit not seen", with_start_errors(0, ENOENT, before_ready), exec_failed,
       queued, no},
      // ---- start errors in the recorder of a child that has run calls are its own inventions
      {"a forged start error", with_start_errors(EPERM, 0, signalled(SIGSEGV)), signal, running,
       yes},
      {"a forged exec error", with_start_errors(0, ENOENT, signalled(SIGSEGV)), signal, running,
       yes},
  };
}

BOOST_AUTO_TEST_CASE(causes) {
  for (const row& each : rows()) {
    BOOST_TEST_CONTEXT(each.name) {
      const termination end = classify(each.facts);
      BOOST_TEST(to_string(end.cause) == to_string(each.cause));
      const core::call_view view = view_of(each.facts, end, 3);
      BOOST_TEST(to_string(view.phase) == to_string(each.phase));
      BOOST_TEST(to_string(view.culprit) == to_string(each.culprit));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_cause_that_evidence_can_show_has_a_row) {
  for (auto which = cause::unknown; which <= cause::start_timeout;
       which = static_cast<cause>(static_cast<int>(which) + 1)) {
    if (which == cause::policy_violation) continue;  // there are no policies yet
    std::size_t found = 0;
    for (const row& each : rows()) found += each.cause == which;
    BOOST_TEST(found != 0u, to_string(which));
  }
}

BOOST_AUTO_TEST_CASE(the_other_calls) {
  for (const row& each : rows()) {
    if (each.phase == phase::queued) continue;
    BOOST_TEST_CONTEXT(each.name) {
      const termination end = classify(each.facts);
      // Never sent, sent and not started: no call of them did anything.
      for (const std::uint64_t id : {4, 5, 6, 1000}) {
        const core::call_view view = view_of(each.facts, end, id);
        BOOST_TEST((view.phase == phase::queued));
        BOOST_TEST((view.culprit == culprit::no));
      }
      // Finished long ago, their replies on the way.
      for (const std::uint64_t id : {1, 2}) {
        const core::call_view view = view_of(each.facts, end, id);
        BOOST_TEST((view.phase == phase::finished));
        BOOST_TEST((view.culprit == culprit::no));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_told_of_the_end) {
  evidence facts = recorded(SIGSEGV, SEGV_ACCERR, 0, 0xDEAD);
  facts.usage.peak_memory = 12345;
  termination end = classify(facts);
  BOOST_TEST(end.pid == child);
  BOOST_TEST(end.signal_number == SIGSEGV);
  BOOST_TEST(end.signal_code == SEGV_ACCERR);
  BOOST_TEST(end.address == 0xDEADu);
  BOOST_TEST(end.usage.peak_memory == 12345u);
  BOOST_TEST(end.exit_code == -1);
  BOOST_TEST(!end.exit_pending);

  // A record that is not about this signal, or about somebody else's, says nothing about it.
  facts.exit_value = SIGBUS;
  end = classify(facts);
  BOOST_TEST(end.signal_number == SIGBUS);
  BOOST_TEST(end.signal_code == 0);
  BOOST_TEST(end.address == 0u);
  end = classify(recorded(SIGSEGV, SI_USER, somebody, 0xDEAD));
  BOOST_TEST(end.address == 0u);

  end = classify(waited(recorded(SIGSEGV, SEGV_ACCERR, 0, 0xDEAD)));
  BOOST_TEST(end.signal_number == SIGSEGV);
  BOOST_TEST(end.address == 0xDEADu);

  end = classify(exited(3));
  BOOST_TEST(end.exit_code == 3);
  BOOST_TEST(end.signal_number == 0);

  end = classify(killed(evidence::kill::violation, in_call_3()));
  BOOST_TEST(end.exit_pending);
  BOOST_TEST(end.detail == "in words");
  BOOST_TEST(end.exit_code == -1);

  end = classify(never_started(EAGAIN));
  BOOST_TEST(end.error_number == EAGAIN);
  BOOST_TEST(!end.exit_pending);
  evidence before = exited(127);
  before.last_started = before.last_finished = 0;
  BOOST_TEST(classify(with_start_errors(0, ENOENT, before)).error_number == ENOENT);
  BOOST_TEST(classify(with_start_errors(EPERM, 0, before)).error_number == EPERM);
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be) {
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  // More finished than started, more started than was sent.
  const std::pair<std::uint64_t, std::uint64_t> hostile[] = {
      {3, 4}, {0, 1}, {6, 2}, {huge, huge}, {huge, 0}, {0, huge}, {6, 6}, {5, 6}};
  for (const auto& [started, finished] : hostile) {
    BOOST_TEST_CONTEXT("started " << started << ", finished " << finished) {
      evidence facts = signalled(SIGSEGV);
      facts.last_started = started;
      facts.last_finished = finished;
      const termination end = classify(facts);
      BOOST_TEST((end.cause == cause::signal));
      for (std::uint64_t id = 1; id <= 5; ++id) {
        const core::call_view view = view_of(facts, end, id);
        BOOST_TEST((view.phase == phase::unknown));
        BOOST_TEST((view.culprit == culprit::unknown));
      }
      // What was never sent has not run, whatever the child says.
      for (const std::uint64_t id : {std::uint64_t{6}, huge}) {
        const core::call_view view = view_of(facts, end, id);
        BOOST_TEST((view.phase == phase::queued));
        BOOST_TEST((view.culprit == culprit::no));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(one_call_runs_at_a_time) {
  // 2 and 3 were withdrawn before they were sent: the numbers are in order.
  evidence facts = signalled(SIGSEGV);
  facts.last_finished = 1;
  facts.last_started = 4;
  const termination end = classify(facts);
  BOOST_TEST((view_of(facts, end, 1).phase == phase::finished));
  BOOST_TEST((view_of(facts, end, 4).phase == phase::running));
  BOOST_TEST((view_of(facts, end, 4).culprit == culprit::yes));
  BOOST_TEST((view_of(facts, end, 5).phase == phase::queued));
  // Were they open, the child would have run them: it lies about one of the numbers.
  for (const std::uint64_t id : {2, 3}) {
    BOOST_TEST((view_of(facts, end, id).phase == phase::unknown));
    BOOST_TEST((view_of(facts, end, id).culprit == culprit::unknown));
  }
}

BOOST_AUTO_TEST_CASE(nested_calls) {
  constexpr std::uint64_t nested = core::session::nested_bit;
  evidence facts = signalled(SIGSEGV);  // call 3 runs
  facts.highest_nested_sent = nested + 6;
  facts.last_nested_started = nested + 5;
  facts.nested_running = {nested + 2, nested + 4};
  const termination end = classify(facts);
  const auto phase_of = [&](std::uint64_t id) { return view_of(facts, end, id).phase; };
  const auto culprit_of = [&](std::uint64_t id) { return view_of(facts, end, id).culprit; };
  BOOST_TEST((phase_of(nested + 4) == phase::running));
  BOOST_TEST((culprit_of(nested + 4) == culprit::yes));
  for (const std::uint64_t outer : {std::uint64_t{3}, nested + 2}) {
    BOOST_TEST((phase_of(outer) == phase::running));
    BOOST_TEST((culprit_of(outer) == culprit::no));
  }
  for (const std::uint64_t over : {nested + 1, nested + 3, nested + 5}) {
    BOOST_TEST((phase_of(over) == phase::finished));
    BOOST_TEST((culprit_of(over) == culprit::no));
  }
  for (const std::uint64_t never : {nested + 6, nested + 7, ~std::uint64_t{0}}) {
    BOOST_TEST((phase_of(never) == phase::queued));
    BOOST_TEST((culprit_of(never) == culprit::no));
  }
  // Numbers that cannot be.
  const std::vector<std::uint64_t> impossible[] = {
      {nested + 4, nested + 2}, {nested + 2, nested + 2}, {3}, {nested + 9}, {nested + 6}};
  for (const auto& running : impossible) {
    facts.nested_running = running;
    BOOST_TEST((phase_of(nested + 1) == phase::unknown));
    BOOST_TEST((phase_of(3) == phase::unknown));
    BOOST_TEST((phase_of(nested + 7) == phase::queued));
  }
  facts.nested_running = {};
  facts.last_nested_started = nested + 7;
  BOOST_TEST((phase_of(nested + 1) == phase::unknown));
}

BOOST_AUTO_TEST_CASE(random_evidence) {
  // Whatever the recorder says: no call that was not sent has run, none that is queued is to blame,
  // at most one is, and only a start that failed acquits all of them.
  constexpr std::uint64_t numbers[] = {0, 1, 2, 3, 5, 6, ~std::uint64_t{0}};
  constexpr int signals[] = {0, SIGSEGV, SIGKILL, SIGABRT, -1};
  constexpr int small[] = {0, 1, 127, child, somebody, -6};
  for (const auto seed : test::seeds(20'000)) {
    test::dice random(seed);
    const auto pick = [&](const auto& from) { return from[random.below(std::size(from))]; };
    evidence facts;
    facts.pid = child;
    facts.killed = static_cast<evidence::kill>(random.below(5));
    facts.overran = pick(numbers);
    facts.exit = static_cast<evidence::exit_kind>(random.below(3));
    facts.exit_value = facts.exit == evidence::exit_kind::signalled
                           ? 1 + static_cast<int>(random.below(64))
                           : pick(small);
    facts.server_lost = random.one_in(3);
    facts.start_error = random.one_in(3) ? EPERM : 0;
    facts.exec_error = random.one_in(3) ? ENOENT : 0;
    facts.last_started = pick(numbers);
    facts.last_finished = pick(numbers);
    facts.allocation_failed = random.one_in(2) ? ~0u : 0;
    facts.signal_number = pick(signals);
    facts.signal_code = pick(small);
    facts.signal_sender = pick(small);
    facts.highest_sent = 5;
    const termination end = classify(facts);
    int guilty = 0;
    bool all_queued = true;
    for (std::uint64_t id = 1; id <= 6; ++id) {
      const core::call_view view = view_of(facts, end, id);
      if (id == 6) BOOST_REQUIRE_MESSAGE(view.phase == phase::queued, "seed " << seed);
      if (view.phase == phase::queued)
        BOOST_REQUIRE_MESSAGE(view.culprit == culprit::no, "seed " << seed);
      else
        all_queued = false;
      if (view.phase == phase::running)
        BOOST_REQUIRE_MESSAGE(id == facts.last_started && id > facts.last_finished,
                              "seed " << seed);
      guilty += view.culprit == culprit::yes;
    }
    BOOST_REQUIRE_MESSAGE(guilty <= 1, "seed " << seed);
    if (facts.last_started != 0) BOOST_REQUIRE_MESSAGE(!all_queued, "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
