// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frames.hpp"
#include "farm/frames.hpp"
#include "farm/json_line.hpp"
#include "farm/text.hpp"

#include <glovebox/farm/farm_report.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(farm_groups_test)

using glovebox::case_record;
using glovebox::farm_report;
using glovebox::group_of;
using glovebox::outcome;
using glovebox::stack_frame;
using glovebox::thread_trace;
using glovebox::core::short_name;
using glovebox::farming::frame_text;
using glovebox::farming::telling_frames;
using texts = std::vector<std::string>;

std::uint64_t next_address = 0x1000;

stack_frame frame(std::string function, std::string module = "/opt/app") {
  stack_frame made;
  made.address = next_address += 0x31;  // never the same twice
  made.module = std::move(module);
  made.offset = made.address & 0xfff;
  made.function = std::move(function);
  return made;
}

thread_trace trace(const texts& functions) {
  thread_trace made;
  for (const std::string& each : functions) made.frames.push_back(frame(each));
  return made;
}

// As an abort looks: the C library's functions above the user's.
thread_trace aborted(const texts& functions) {
  thread_trace made;
  for (const char* const each :
       {"__pthread_kill_implementation", "__GI_raise", "__GI_abort", "__libc_message",
        "malloc_printerr", "_int_free", "__GI___libc_free"})
    made.frames.push_back(frame(each, "/usr/lib/x86_64-linux-gnu/libc.so.6"));
  for (const std::string& each : functions) made.frames.push_back(frame(each));
  return made;
}

case_record crash(std::string name, int signal, thread_trace where) {
  case_record record;
  record.name = std::move(name);
  record.outcome = outcome::crashed;
  record.cause = glovebox::cause::signal;
  record.signal_number = signal;
  record.threads.push_back(std::move(where));
  return record;
}

std::string key_of(const texts& functions) {
  return group_of(crash("x", SIGSEGV, trace(functions)));
}

texts repeated(const texts& functions, int times, const texts& below = {}) {
  texts all;
  for (int i = 0; i != times; ++i) all.insert(all.end(), functions.begin(), functions.end());
  all.insert(all.end(), below.begin(), below.end());
  return all;
}

void add(farm_report& to, case_record record) {
  record.index = to.outcomes.size();
  to.outcomes.push_back(record.outcome);
  ++to.counts[static_cast<std::size_t>(record.outcome)];
  to.failures.push_back(std::move(record));
}

BOOST_AUTO_TEST_CASE(short_names_of_functions) {
  BOOST_TEST(short_name("parse(char const*, int)") == "parse");
  BOOST_TEST(short_name("stbi__load_main") == "stbi__load_main");
  BOOST_TEST(short_name("stbi__load_main.constprop.0") == "stbi__load_main");
  BOOST_TEST(short_name("a::b(int) [clone .isra.0] [clone .cold]") == "a::b");
  BOOST_TEST(short_name("a::reader::next(std::function<void (int)>) const &") == "a::reader::next");
  BOOST_TEST(short_name("std::vector<int, std::allocator<int> > make<int>(int)") == "make<int>");
  BOOST_TEST(short_name("(anonymous namespace)::run(int)") == "(anonymous namespace)::run");
  BOOST_TEST(short_name("void (anonymous namespace)::run<a b>(int)") ==
             "(anonymous namespace)::run<a b>");
  BOOST_TEST(short_name("f(int)::{lambda(int)#1}::operator()(int) const") ==
             "f(int)::{lambda(int)#1}::operator()");
  BOOST_TEST(short_name("a::operator()") == "a::operator()");
  BOOST_TEST(short_name("a::operator<<(std::ostream&, a::b)") == "a::operator<<");
  BOOST_TEST(short_name("bool operator< <int>(a<int>, a<int>)") == "operator< <int>");
  BOOST_TEST(short_name("a::b::operator unsigned long() const") == "a::b::operator unsigned long");
  BOOST_TEST(short_name("operator new(unsigned long)") == "operator new");
  BOOST_TEST(short_name("co_operator(int)") == "co_operator");
  BOOST_TEST(short_name("f<" + std::string(300, 'x') + ">::g(int)") == "f<...>::g");
  // The debug information of a hostile program holds any text.
  for (const char* const odd : {"", ")", "(", ">", "<<<<", "()", " ", "x) const", "operator",
                                "a b c ", "[clone ]", " [clone ]", "f(", "))((", "->", "{]"})
    BOOST_TEST(short_name(odd).size() <= 160u, odd);
  BOOST_TEST(short_name(std::string(5000, '(')).size() <= 160u);
}

BOOST_AUTO_TEST_CASE(frames_as_text) {
  stack_frame known = frame("parse(char const*)");
  known.file = "/src/deep/parser.cpp";
  known.line = 12;
  BOOST_TEST(frame_text(known) == "parse parser.cpp:12");
  stack_frame nameless = frame("", "/opt/lib/libx.so.1");
  nameless.offset = 0x1234;
  BOOST_TEST(frame_text(nameless) == "libx.so.1+0x1234");
  BOOST_TEST(frame_text(frame("", "")) == "(no code)");
}

BOOST_AUTO_TEST_CASE(the_users_functions_tell_a_crash) {
  BOOST_TEST(telling_frames(aborted({"free_image(image*)", "decode(int)", "run()", "top()"})) ==
                 (texts{"free_image", "decode", "run"}),
             boost::test_tools::per_element());
  // The standard library's own, inlined or not, and those below the user's.
  BOOST_TEST(telling_frames(trace({"std::vector<int>::operator[](unsigned long)", "sum(int)",
                                   "int std::invoke<int (&)(int)>(int (&)(int))",
                                   "glovebox::detail::stub<x>::invoke(glovebox::invocation&)",
                                   "glovebox::runtime::dispatcher::run()", "main", "_start"})) ==
                 (texts{"sum"}),
             boost::test_tools::per_element());
  // Where nothing else is there, they are better than nothing.
  BOOST_TEST(telling_frames(aborted({})) ==
                 (texts{"__pthread_kill_implementation", "__GI_raise", "__GI_abort"}),
             boost::test_tools::per_element());
  BOOST_TEST(telling_frames(thread_trace()).empty());
  // A call through a null pointer.
  thread_trace jumped = trace({"caller()"});
  jumped.frames.insert(jumped.frames.begin(), frame("", ""));
  BOOST_TEST(telling_frames(jumped) == (texts{"(no code)", "caller"}),
             boost::test_tools::per_element());
  // A sanitizer's.
  thread_trace reported = trace({"overflow(char*)"});
  reported.frames.insert(reported.frames.begin(), frame("__asan_memcpy", "/lib/libasan.so.8"));
  BOOST_TEST(telling_frames(reported) == (texts{"overflow"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(addresses_make_no_new_group) {
  const std::string key = key_of({"parse(int)", "decode(int)", "run()"});
  BOOST_TEST(key == "crashed SIGSEGV in parse < decode < run");
  for (int i = 0; i != 10; ++i) {
    case_record again = crash("y", SIGSEGV, trace({"parse(int)", "decode(int)", "run()"}));
    again.pid = i + 1;
    again.message = "SIGSEGV at 0x" + std::to_string(i);
    again.threads.front().tid = i;
    BOOST_TEST(group_of(again) == key);
  }
  BOOST_TEST(key_of({"parse(int)", "decode(int)", "walk()"}) != key);
  BOOST_TEST(key_of({"parse(int)", "decode(int)", "run()", "other()"}) == key);
  BOOST_TEST(group_of(crash("y", SIGBUS, trace({"parse(int)", "decode(int)", "run()"}))) != key);
}

BOOST_AUTO_TEST_CASE(the_depth_of_a_recursion_makes_no_new_group) {
  const texts below{"document(int)", "load()", "top()"};
  const std::string key = key_of(repeated({"value(int)"}, 1, below));
  for (const int depth : {2, 3, 10, 500})
    BOOST_TEST(key_of(repeated({"value(int)"}, depth, below)) == key);
  const std::string mutual = key_of(repeated({"list(int)", "value(int)"}, 1, below));
  for (const int depth : {2, 3, 10, 500})
    BOOST_TEST(key_of(repeated({"list(int)", "value(int)"}, depth, below)) == mutual);
  // A stack that ended: of what is left of it, chance has chosen the first function.
  const std::string endless = key_of(repeated({"list(int)", "value(int)"}, 32));
  BOOST_TEST(key_of(repeated({"value(int)", "list(int)"}, 32)) == endless);
  BOOST_TEST(endless == "crashed SIGSEGV in list < value");
}

BOOST_AUTO_TEST_CASE(without_a_stack_what_was_said_tells) {
  case_record record;
  record.outcome = outcome::error;
  record.type = "std::range_error";
  record.message = "too far";
  BOOST_TEST(group_of(record) == "error std::range_error: too far");
  case_record crashed = crash("x", SIGABRT, {});
  crashed.threads.clear();
  BOOST_TEST(group_of(crashed) == "crashed SIGABRT");
  crashed.last_words = "double free or corruption";
  BOOST_TEST(group_of(crashed) == "crashed SIGABRT: double free or corruption");
  crashed.threads.push_back(thread_trace());  // of which nothing is known
  BOOST_TEST(group_of(crashed) == "crashed SIGABRT: double free or corruption");
  record.outcome = outcome::ok;
  BOOST_TEST(group_of(record).empty());
}

BOOST_AUTO_TEST_CASE(groups_of_a_report) {
  farm_report report;
  for (int i = 0; i != 3; ++i)
    add(report, crash("p" + std::to_string(i), SIGSEGV, trace({"parse(int)", "run()"})));
  for (int i = 0; i != 5; ++i) {
    case_record record = crash("f" + std::to_string(i), SIGABRT, aborted({"release(int)"}));
    record.last_words = "free(): double free detected in tcache 2";
    add(report, std::move(record));
  }
  const auto groups = report.groups();
  BOOST_REQUIRE(groups.size() == 2u);
  BOOST_TEST(groups[0].count == 5u);
  BOOST_TEST(groups[0].example == 3u);
  BOOST_TEST(groups[0].example_name == "f0");
  BOOST_TEST(groups[0].key == "crashed SIGABRT in release");
  BOOST_TEST(groups[0].what == "SIGABRT: free(): double free detected in tcac...");
  BOOST_TEST(groups[1].frames == (texts{"parse", "run"}), boost::test_tools::per_element());

  // Names as long as those of templates get.
  add(report, crash("t", SIGSEGV, trace({std::string(150, 'a'), std::string(150, 'b')})));
  const std::string text = report.summary();
  BOOST_TEST(text.find("                in parse < run\n") != text.npos, text);
  BOOST_TEST(text.find(" 5  f0\n") != text.npos, text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    BOOST_TEST(glovebox::farming::width_of(line) <= 100u, line);
}

BOOST_AUTO_TEST_CASE(stacks_in_a_journal) {
  case_record record = crash("x", SIGSEGV, trace(repeated({"f\xff(int)", "", "g()"}, 50)));
  record.threads.push_back(trace({"other()"}));
  record.group = group_of(record);
  record.last_words = "said";
  std::string line;
  glovebox::farming::append_json_line(line, record);
  const boost::json::object parsed = boost::json::parse(line).as_object();
  const auto& stack = parsed.at("stack").as_array();
  BOOST_TEST(stack.size() == 32u);
  BOOST_TEST(stack[0] == "f\\xff");
  BOOST_TEST(stack[2] == "g");
  BOOST_TEST(stack[1].as_string().starts_with("app+0x"));
  BOOST_TEST(parsed.at("group").as_string().starts_with("crashed SIGSEGV in f\\xff < app+0x"));
  BOOST_TEST(parsed.at("last_words") == "said");
  const std::string text = record.report();
  BOOST_TEST(text.find("  stack     #0  f\\xff\n") != text.npos, text);
  BOOST_TEST(text.find("            ... and 134 more\n") != text.npos, text);
}

BOOST_AUTO_TEST_SUITE_END()
