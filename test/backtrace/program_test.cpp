// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/backtrace_programs.hpp"
#include "backtrace/subject_fixture.hpp"

#include <signal.h>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace program_test {

using namespace glovebox::test;
using boost::unit_test::precondition;
using glovebox::stack_frame;
using glovebox::thread_trace;

outcome look_at(const subject& crashed) {
  return backtrace_of_crash(crashed.process->pid(), crashed.process->pidfd(),
                            crashed.record.descriptor());
}

struct expected {
  std::string function;
  std::string remark;
  bool inlined = false;
};

// Everything below `innermost`.
const std::vector<expected> callers{
    {"subject::(anonymous namespace)::inlined", "calls innermost", true},
    {"subject::holder::middle(std::basic_string_view<char, std::char_traits<char> >)",
     "calls inlined"},
    {"subject::outermost(std::basic_string_view<char, std::char_traits<char> >)", "calls middle"},
};

// From the frame at `at` on they are `innermost` and what has called it.
void check_chain(const thread_trace& trace, const std::string& remark, std::size_t at = 0) {
  std::vector<expected> all = callers;
  all.insert(all.begin(),
             {"subject::innermost(std::basic_string_view<char, std::char_traits<char> >)", remark});
  for (const expected& each : all) {
    BOOST_REQUIRE(at < trace.frames.size());
    const stack_frame& frame = trace.frames[at++];
    BOOST_TEST(frame.function == each.function);
    BOOST_TEST(frame.file.ends_with("test/backtrace/subject.cpp"));
    BOOST_TEST(frame.line == line_with(each.remark));
    BOOST_TEST(frame.inlined == each.inlined);
    BOOST_TEST(!frame.module.empty());
    BOOST_TEST(!frame.build_id.empty());
  }
}

bool has_function(const thread_trace& trace, const std::string& part) {
  return std::any_of(trace.frames.begin(), trace.frames.end(), [&](const stack_frame& each) {
    return each.function.find(part) != std::string::npos;
  });
}

const thread_trace& first_of(const outcome& result) {
  BOOST_TEST_INFO_SCOPE(text_of(result));
  BOOST_TEST(result.exit_code == 0);
  BOOST_REQUIRE(result.traces);
  BOOST_REQUIRE(!result.traces->empty());
  return result.traces->front();
}

BOOST_AUTO_TEST_CASE(a_crash, *precondition(may_symbolise)) {
  const subject crashed("crash");
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  check_chain(trace, "crashes");
  BOOST_TEST(trace.tid == crashed.process->pid());
  BOOST_TEST(trace.name == "subject");
  BOOST_TEST(trace.note == "");
  BOOST_TEST(has_function(trace, "main"));
  BOOST_TEST(trace.frames.back().function == "_start");
  BOOST_TEST(result.traces->size() == 1u);
  BOOST_TEST_MESSAGE("start to captured: " << result.until_captured.count()
                                           << " us, to the result: " << result.until_result.count()
                                           << " us");
}

// Only what it has left behind is there.
BOOST_AUTO_TEST_CASE(a_crash_of_which_nothing_lives, *precondition(may_symbolise)) {
  subject crashed("crash");
  crashed.process->kill();
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  check_chain(first_of(result), "crashes");
  BOOST_TEST(result.traces->size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_crash_of_a_program_at_a_fixed_address, *precondition(may_symbolise)) {
  const subject crashed("crash", subject_no_pie_program);
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  check_chain(trace, "crashes");
  BOOST_TEST(trace.frames[0].offset == trace.frames[0].address);
}

BOOST_AUTO_TEST_CASE(a_crash_of_a_stripped_program, *precondition(may_symbolise)) {
  const subject crashed("crash", subject_stripped_program);
  const outcome stripped = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(stripped));
  const subject whole("crash");
  const outcome told = look_at(whole);
  // The same places, as far as they can be told; without inlined functions.
  const thread_trace& trace = first_of(stripped);
  std::vector<std::uint64_t> offsets;
  for (const stack_frame& each : first_of(told).frames)
    if (!each.inlined) offsets.push_back(each.offset);
  BOOST_REQUIRE(trace.frames.size() == offsets.size());
  for (std::size_t i = 0; i != 3; ++i) {
    BOOST_TEST(trace.frames[i].module == subject_stripped_program);
    BOOST_TEST(trace.frames[i].offset == offsets[i]);
    BOOST_TEST(trace.frames[i].function == "");
    BOOST_TEST(trace.frames[i].line == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_crash_called_from_a_library, *precondition(may_symbolise)) {
  const subject crashed("library");
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  check_chain(trace, "crashes");
  const auto library = std::find_if(
      trace.frames.begin(), trace.frames.end(),
      [](const stack_frame& each) { return each.function == "subject_library_call(void (*)())"; });
  BOOST_REQUIRE(library != trace.frames.end());
  BOOST_TEST(library->module.ends_with("libsubject_library.so"));
  BOOST_REQUIRE(std::next(library) != trace.frames.end());
  BOOST_TEST(std::next(library)->line == line_with("calls the library"));
}

BOOST_AUTO_TEST_CASE(a_wild_jump, *precondition(may_symbolise)) {
  const subject crashed("wild");
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  BOOST_TEST(trace.frames[0].address == 0x10u);
  BOOST_TEST(trace.frames[0].module == "");
  BOOST_TEST(trace.frames[0].function == "");
  check_chain(trace, "jumps", 1);
}

BOOST_AUTO_TEST_CASE(an_endless_recursion, *precondition(may_symbolise)) {
  const subject crashed("overflow");
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  BOOST_REQUIRE(trace.frames.size() == 64u);
  for (std::size_t i = 0; i != 50; ++i) {
    BOOST_TEST(trace.frames[i].function == "subject::recurse(int)");
    if (i != 0) BOOST_TEST(trace.frames[i].line == line_with("recurses"));
  }
  BOOST_TEST(trace.note.find("frames are left out after the first 48") != trace.note.npos);
  // It lives, so its whole stack could be looked at.
  BOOST_TEST(trace.frames.back().function == "_start");
  BOOST_TEST_MESSAGE("an endless recursion: " << result.until_result.count() << " us");
}

BOOST_AUTO_TEST_CASE(a_crash_beside_other_threads, *precondition(may_symbolise)) {
  const subject crashed("threads");
  const outcome result = look_at(crashed);
  BOOST_TEST_INFO_SCOPE(text_of(result));
  check_chain(first_of(result), "crashes");
  BOOST_REQUIRE(result.traces->size() == 3u);
  for (std::size_t i = 1; i != 3; ++i) {
    const thread_trace& other = (*result.traces)[i];
    BOOST_TEST(other.state.starts_with("sleeping"));
    BOOST_TEST(other.tid != crashed.process->pid());
    BOOST_TEST(has_function(other, "subject::waiting_thread(std::latch&)"));
    BOOST_TEST(has_function(other, "pause"));
  }
}

BOOST_AUTO_TEST_CASE(a_hang_in_a_loop, *precondition(may_symbolise)) {
  const subject hangs("loop");
  outcome result;
  // The first time it may still be on its way out of the system call before the loop.
  for (int attempt = 0; attempt != 10; ++attempt) {
    result = backtrace_of_hang(hangs.process->pid(), hangs.process->pidfd());
    if (first_of(result).frames.size() > 3 &&
        first_of(result).frames[0].function.starts_with("subject::innermost"))
      break;
  }
  BOOST_TEST_INFO_SCOPE(text_of(result));
  const thread_trace& trace = first_of(result);
  check_chain(trace, "loops");
  BOOST_TEST(trace.state == "");
  BOOST_TEST_MESSAGE("byte to captured: " << result.until_captured.count() << " us, to the result: "
                                          << result.until_result.count() << " us");
  hangs.wait_for_state('R');  // nothing holds it any more
}

BOOST_AUTO_TEST_CASE(a_hang_in_a_system_call, *precondition(may_symbolise)) {
  const subject hangs("sleep");
  hangs.wait_for_state('S');
  for (int repeated = 0; repeated != 3; ++repeated) {
    const outcome result = backtrace_of_hang(hangs.process->pid(), hangs.process->pidfd());
    BOOST_TEST_INFO_SCOPE(text_of(result));
    const thread_trace& trace = first_of(result);
    BOOST_TEST(trace.state.starts_with("sleeping"));
    std::size_t at = 0;
    while (at != trace.frames.size() && !trace.frames[at].function.starts_with("subject::")) ++at;
    BOOST_TEST(at >= 1u);
    check_chain(trace, "sleeps", at);
    hangs.wait_for_state('S');  // and goes on as before
  }
}

BOOST_AUTO_TEST_CASE(a_stopped_process, *precondition(may_symbolise)) {
  const subject hangs("sleep");
  ::kill(hangs.process->pid(), SIGSTOP);
  hangs.wait_for_state('T');
  const outcome result = backtrace_of_hang(hangs.process->pid(), hangs.process->pidfd());
  BOOST_TEST_INFO_SCOPE(text_of(result));
  BOOST_TEST(first_of(result).state == "stopped");
  BOOST_TEST(has_function(first_of(result), "subject::outermost"));
  hangs.wait_for_state('T');
}

BOOST_AUTO_TEST_CASE(a_process_that_has_ended) {
  subject hangs("sleep");
  hangs.process->kill();
  const outcome result = backtrace_of_hang(hangs.process->pid(), hangs.process->pidfd());
  BOOST_TEST_INFO_SCOPE(text_of(result));
  BOOST_TEST(result.exit_code == 0);
  BOOST_REQUIRE(result.traces);
  for (const thread_trace& each : *result.traces) BOOST_TEST(each.frames.empty());
}

}  // namespace program_test
