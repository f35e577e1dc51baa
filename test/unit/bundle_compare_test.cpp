// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/compare.hpp"

#include <glovebox/farm/failure_group.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(bundle_compare_test)

using glovebox::cause;
using glovebox::outcome;
using glovebox::core::bundle;

glovebox::case_record crash(int signal, std::vector<std::string> functions) {
  glovebox::case_record record;
  record.outcome = outcome::crashed;
  record.cause = cause::signal;
  record.signal_number = signal;
  glovebox::thread_trace& thread = record.threads.emplace_back();
  for (std::string& each : functions) thread.frames.emplace_back().function = std::move(each);
  record.group = group_of(record);
  return record;
}

bundle bundle_of(const glovebox::case_record& record) {
  bundle made;
  made.seen = record;
  made.seen.threads.clear();
  for (const auto& thread : record.threads)
    for (const auto& frame : thread.frames) made.stack.push_back(frame.function);
  return made;
}

bool same(const glovebox::case_record& before, const glovebox::case_record& now) {
  return glovebox::cli::compare(bundle_of(before), now).same;
}

BOOST_AUTO_TEST_CASE(failures_that_are_the_same) {
  const auto before = crash(SIGSEGV, {"parse(int)", "run()"});
  BOOST_TEST(same(before, before));
  BOOST_TEST(!same(before, crash(SIGBUS, {"parse(int)", "run()"})));
  BOOST_TEST(!same(before, crash(SIGSEGV, {"other(int)", "run()"})));
  BOOST_TEST(same(before, crash(SIGSEGV, {})));  // whose stack is not known
  BOOST_TEST(same(crash(SIGSEGV, {}), before));
  glovebox::case_record fine;
  fine.outcome = outcome::ok;
  BOOST_TEST(!same(before, fine));
  BOOST_TEST(glovebox::cli::compare(bundle_of(before), fine).text.starts_with("no failure"));

  auto hang = crash(SIGKILL, {"loop()", "run()"});
  hang.outcome = outcome::timed_out;
  hang.cause = cause::deadline;
  auto elsewhere = hang;
  elsewhere.threads.front().frames.front().function = "inner()";
  elsewhere.cause.reset();  // it ended within the grace
  BOOST_TEST(same(hang, elsewhere));
  BOOST_TEST(!same(hang, before));

  glovebox::case_record hog;
  hog.outcome = outcome::out_of_memory;
  hog.type = "std::bad_alloc";
  BOOST_TEST(same(hog, hog));
  auto died = hog;
  died.cause = cause::out_of_memory;
  BOOST_TEST(!same(hog, died));
}

BOOST_AUTO_TEST_SUITE_END()
