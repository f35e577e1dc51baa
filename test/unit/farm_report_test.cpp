// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/failure_files.hpp"
#include "farm/json_line.hpp"
#include "farm/progress.hpp"
#include "farm/text.hpp"

#include <glovebox/farm/farm_report.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>

BOOST_AUTO_TEST_SUITE(farm_report_test)

using namespace std::literals;
using glovebox::case_record;
using glovebox::farm_report;
using glovebox::outcome;
using glovebox::farming::one_line;
using glovebox::farming::progress;

std::string utf8(std::string_view text) {
  std::string made;
  glovebox::farming::append_utf8(made, text);
  return made;
}

std::string json_of(const case_record& record) {
  std::string line;
  glovebox::farming::append_json_line(line, record);
  return line;
}

void add(farm_report& to, case_record record) {
  record.index = to.outcomes.size();
  to.outcomes.push_back(record.outcome);
  ++to.counts[static_cast<std::size_t>(record.outcome)];
  if (record.outcome != outcome::ok) to.failures.push_back(std::move(record));
}

case_record made(std::string name, outcome what) {
  case_record record;
  record.name = std::move(name);
  record.outcome = what;
  return record;
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);)
    widest = std::max(widest, glovebox::farming::width_of(line));
  return widest;
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_escaped) {
  BOOST_TEST(utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80") ==
             "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  BOOST_TEST(utf8("\xff|\xc3") == "\\xff|\\xc3");
  BOOST_TEST(utf8("\xc0\x80") == "\\xc0\\x80");                    // overlong
  BOOST_TEST(utf8("\xe0\x80\x80") == "\\xe0\\x80\\x80");           // overlong
  BOOST_TEST(utf8("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  BOOST_TEST(utf8("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above the last one
  BOOST_TEST(utf8("\xe2\x82") == "\\xe2\\x82");                    // cut
  BOOST_TEST(utf8(std::string_view("a\0b", 3)) == std::string_view("a\0b", 3));
}

BOOST_AUTO_TEST_CASE(text_on_one_line) {
  BOOST_TEST(one_line("short", 10) == "short");
  BOOST_TEST(one_line("exactly10!", 10) == "exactly10!");
  BOOST_TEST(one_line("more than 10", 10) == "more th...");
  BOOST_TEST(one_line("a\nb\x1b[31m\x7f", 50) == "a\\nb\\x1b[31m\\x7f");
  BOOST_TEST(one_line("\xc2\x9b", 50) == "\\xc2\\x9b");  // a control character of two bytes
  BOOST_TEST(one_line("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 4) ==
             "\xe2\x82\xac...");
  BOOST_TEST(one_line("abc", 2) == "..");
  BOOST_TEST(one_line("", 0).empty());
}

BOOST_AUTO_TEST_CASE(a_line_of_json) {
  case_record record = made("a \"name\" \xff\n", outcome::crashed);
  record.index = 12;
  record.input = "in";
  record.cause = glovebox::cause::signal;
  record.phase = glovebox::phase::running;
  record.culprit = glovebox::culprit::yes;
  record.message = "SIGSEGV";
  record.signal_number = SIGSEGV;
  record.elapsed = 1500us;
  record.peak_memory = 1 << 20;
  record.pid = 99;
  record.attempts = 2;
  record.stderr_tail = {"first", "sec\"ond"};
  const std::string line = json_of(record);
  BOOST_TEST(line.find('\n') == line.size() - 1);
  const boost::json::object parsed = boost::json::parse(line).as_object();
  const boost::json::object expected{{"case", 12},
                                     {"name", "a \"name\" \\xff\n"},
                                     {"input", "in"},
                                     {"outcome", "crashed"},
                                     {"cause", "signal"},
                                     {"phase", "running"},
                                     {"culprit", "yes"},
                                     {"message", "SIGSEGV"},
                                     {"signal", 11},
                                     {"elapsed_us", 1500},
                                     {"peak_memory", 1 << 20},
                                     {"pid", 99},
                                     {"attempts", 2},
                                     {"stderr", {"first", "sec\"ond"}}};
  BOOST_TEST((parsed == expected), line);

  BOOST_TEST(json_of(made("x", outcome::ok)) ==
             "{\"case\":0,\"name\":\"x\",\"outcome\":\"ok\",\"elapsed_us\":0,\"attempts\":0}\n");
}

// Whatever bytes are in it, a line is one line of valid JSON.
BOOST_AUTO_TEST_CASE(any_bytes_make_valid_json) {
  for (int first = 0; first != 256; ++first)
    for (int second = 0; second < 256; second += 3) {
      case_record record =
          made({static_cast<char>(first), static_cast<char>(second), 'x'}, outcome::error);
      record.exit_code = 0;
      const std::string line = json_of(record);
      boost::json::error_code failed;
      boost::json::parse(line, failed);
      BOOST_REQUIRE(!failed);
      BOOST_REQUIRE(line.find('\n') == line.size() - 1);
    }
}

BOOST_AUTO_TEST_CASE(progress_in_lines) {
  progress shown(progress::style::lines, 100);
  progress::counts counts{};
  BOOST_TEST(shown.update(counts, 1s).empty());
  counts[0] = 9;
  BOOST_TEST(shown.update(counts, 2s).empty());
  counts[0] = 10;
  counts[2] = 1;
  const std::string line = shown.update(counts, 3s);
  BOOST_TEST(line == "11 of 100 cases (11 %) after 0:03, 3.7/s:  ok 10  crashed 1\n");
  BOOST_TEST(shown.update(counts, 4s).empty());
  BOOST_TEST(!shown.update(counts, 13s).empty());  // a sign of life
  BOOST_TEST(shown.update(counts, 14s).empty());
  counts[0] = 99;
  BOOST_TEST(!shown.finish(counts, 15s).empty());
  BOOST_TEST(progress(progress::style::none, 100).finish(counts, 1s).empty());
}

BOOST_AUTO_TEST_CASE(the_last_line_is_not_said_twice) {
  progress shown(progress::style::lines, 2);
  progress::counts counts{};
  counts[0] = 2;
  BOOST_TEST(!shown.update(counts, 1s).empty());
  BOOST_TEST(shown.finish(counts, 1s).empty());
}

BOOST_AUTO_TEST_CASE(progress_as_a_bar) {
  progress shown(progress::style::bar, 200);
  progress::counts counts{};
  counts[0] = 99;
  counts[3] = 1;
  BOOST_TEST(shown.update(counts, 10s) ==
             "\r[##########..........] 100/200  10/s  0:10 left  timed out 1\x1b[K");
  counts.fill(1'000'000);
  BOOST_TEST(progress(progress::style::bar, 7'000'000).finish(counts, 100'000s).size() <= 79 + 5u);
  BOOST_TEST(progress(progress::style::bar, 0).finish({}, 0s).ends_with("\n"));
}

BOOST_AUTO_TEST_CASE(a_summary) {
  farm_report report;
  for (int i = 0; i != 90; ++i) add(report, made("good", outcome::ok));
  for (int i = 0; i != 7; ++i) {
    case_record record = made("image\xff" + std::to_string(i), outcome::crashed);
    record.cause = glovebox::cause::signal;
    record.signal_number = i < 5 ? SIGSEGV : SIGABRT;
    record.message = "SIGSEGV at 0x" + std::to_string(i);
    add(report, record);
  }
  case_record thrown = made(std::string(300, 'n'), outcome::error);
  thrown.type = "std::runtime_error";
  thrown.message = std::string(300, 'm') + "\n\x1b";
  add(report, thrown);
  add(report, made("slow", outcome::timed_out));
  case_record exited = made("gone", outcome::crashed);
  exited.cause = glovebox::cause::exit;
  exited.exit_code = 0;
  add(report, exited);
  report.elapsed = 12340ms;
  report.journal_error = std::string(500, 'e');
  const std::string text = report.summary();
  BOOST_TEST(widest_line(text) <= 100u, text);
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  BOOST_TEST(has("ok                       90  90.00 %\n"), text);
  BOOST_TEST(has("total                   100   in 12.34 s\n"), text);
  BOOST_TEST(has("crashed         SIGSEGV"), text);
  BOOST_TEST(has(" 5  image\\xff0"), text);
  BOOST_TEST(has(" 2  image\\xff5"), text);
  BOOST_TEST(has("crashed         exit with status 0"), text);
  BOOST_TEST(has("timed_out"), text);
  BOOST_TEST(has("error           std::runtime_error: mmm"), text);
  BOOST_TEST(text.find('\x1b') == text.npos);
}

BOOST_AUTO_TEST_CASE(a_summary_of_very_many_causes_is_short) {
  farm_report report;
  for (int i = 0; i != 1000; ++i) {
    case_record record = made(std::to_string(i), outcome::error);
    record.type = "kind" + std::to_string(i);
    add(report, record);
  }
  const std::string text = report.summary();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') < 40);
  BOOST_TEST(text.find("... and 981 further causes\n") != text.npos, text);
}

BOOST_AUTO_TEST_CASE(a_record_for_people) {
  case_record record = made("name", outcome::crashed);
  record.input = std::string(300, 'i');
  record.cause = glovebox::cause::signal;
  record.message = "SIGSEGV";
  record.stderr_tail = {"one", std::string(300, 'x')};
  record.elapsed = 5ms;
  const std::string text = record.report();
  BOOST_TEST(text.starts_with("name: crashed\n"));
  BOOST_TEST(text.find("  elapsed   5.0 ms\n") != text.npos, text);
  BOOST_TEST(text.find("  stderr    one\n            xxx") != text.npos, text);
  BOOST_TEST(widest_line(text) <= 100u);
}

BOOST_AUTO_TEST_CASE(two_runs_are_compared) {
  farm_report a, b;
  add(a, made("same", outcome::ok));
  add(b, made("same", outcome::ok));
  add(a, made("first is bad", outcome::timed_out));
  add(b, made("first is bad", outcome::ok));
  add(a, made("second is bad", outcome::ok));
  add(b, made("second is bad", outcome::crashed));
  add(a, made("both are", outcome::error));
  add(b, made("both are", outcome::crashed));
  const auto result = glovebox::agree(a, b);
  BOOST_TEST(result.compared == 4u);
  const std::vector<std::string> expected{"first is bad", "second is bad", "both are"};
  BOOST_TEST(result.unstable == expected, boost::test_tools::per_element());
  BOOST_TEST(a.failure(1)->name == "first is bad");
  BOOST_TEST(a.failure(0) == nullptr);
  add(b, made("more", outcome::ok));
  BOOST_CHECK_THROW(glovebox::agree(a, b), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(names_of_files) {
  using glovebox::farming::file_name_of;
  BOOST_TEST(file_name_of(3, "sample.bmp#0417:header") == "sample.bmp#0417:header");
  BOOST_TEST(file_name_of(3, "../../etc/passwd") == "_.._.._etc_passwd~3");
  BOOST_TEST(file_name_of(3, "") == "_~3");
  BOOST_TEST(file_name_of(3, "-rf") == "_-rf~3");
  BOOST_TEST(file_name_of(3, "a.cmd") == "a.cmd~3");
  BOOST_TEST(file_name_of(3, std::string_view("a\0b", 3)) == "a_b~3");
  BOOST_TEST(file_name_of(3, std::string(1000, 'x')).size() < 200u);
}

BOOST_AUTO_TEST_CASE(commands) {
  using glovebox::farming::command_of;
  BOOST_TEST(command_of("run {name} < {file} {other}", "it's", "/a b") ==
             "run 'it'\\''s' < '/a b' {other}");
  BOOST_TEST(command_of("x {name}", "{file}", "f") == "x '{file}'");
}

BOOST_AUTO_TEST_SUITE_END()
