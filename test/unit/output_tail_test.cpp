// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/output_tail.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(output_tail_test)

using glovebox::client::output_tail;
using lines = std::vector<std::string>;

lines after(std::string_view text) {
  output_tail tail;
  tail.add(text);
  return tail.lines();
}

/// What must be kept, of the whole text at once.
lines expected(std::string_view text) {
  lines all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all.emplace_back(text.substr(0, std::min(end, output_tail::longest_line)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (all.size() > output_tail::most_lines)
    all.erase(all.begin(), all.end() - output_tail::most_lines);
  return all;
}

BOOST_AUTO_TEST_CASE(lines_are_kept_without_their_ends) {
  BOOST_TEST(after("").empty());
  BOOST_TEST((after("one") == lines{"one"}));
  BOOST_TEST((after("one\n") == lines{"one"}));
  BOOST_TEST((after("one\ntwo") == lines{"one", "two"}));
  BOOST_TEST((after("\n") == lines{""}));
  BOOST_TEST((after("\n\none\n\n") == lines{"", "", "one", ""}));
  BOOST_TEST((after(std::string_view("a\0b\xff\n", 5)) == lines{std::string("a\0b\xff", 4)}));
}

BOOST_AUTO_TEST_CASE(lines_arrive_in_pieces) {
  output_tail tail;
  for (const std::string_view piece : {"o", "ne", "", "\n", "", "t", "wo\nthr", "ee\n"})
    tail.add(piece);
  BOOST_TEST((tail.lines() == lines{"one", "two", "three"}));
}

BOOST_AUTO_TEST_CASE(the_last_lines_are_kept) {
  output_tail tail;
  lines wanted;
  for (int i = 0; i != 1000; ++i) {
    tail.add("line " + std::to_string(i) + "\n");
    wanted.push_back("line " + std::to_string(i));
    if (wanted.size() > output_tail::most_lines) wanted.erase(wanted.begin());
    BOOST_REQUIRE(tail.lines() == wanted);
  }
  tail.add("unfinished");
  wanted.erase(wanted.begin());
  wanted.push_back("unfinished");
  BOOST_TEST(tail.lines() == wanted);
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut) {
  constexpr std::size_t most = output_tail::longest_line;
  for (const std::size_t size : {most - 1, most, most + 1, 10 * most}) {
    const std::string text(size, 'x');
    BOOST_TEST((after(text + "\nnext") == lines{text.substr(0, most), "next"}));
    // In pieces, so that the end of the cut part comes later.
    output_tail tail;
    for (const char each : text) tail.add({&each, 1});
    tail.add("\nnext");
    BOOST_TEST((tail.lines() == lines{text.substr(0, most), "next"}));
  }
}

BOOST_AUTO_TEST_CASE(an_endless_line_costs_nothing) {
  output_tail tail;
  const std::string much(100'000, 'x');
  for (int i = 0; i != 1000; ++i) tail.add(much);
  BOOST_TEST((tail.lines() == lines{much.substr(0, output_tail::longest_line)}));
}

BOOST_AUTO_TEST_CASE(every_split_is_the_same) {
  for (const auto seed : glovebox::test::seeds(300)) {
    glovebox::test::dice random(seed);
    std::string text;
    for (std::size_t count = random.below(60); count != 0; --count) {
      text.append(random.one_in(8) ? 350 + random.below(100) : random.below(6), 'x');
      if (!random.one_in(4)) text += '\n';
    }
    output_tail tail;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t size = std::min(rest.size(), random.below(random.one_in(2) ? 5 : 500));
      tail.add(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    BOOST_REQUIRE_MESSAGE(tail.lines() == expected(text), "seed " << seed);
    BOOST_REQUIRE_MESSAGE(after(text) == expected(text), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(of_a_sanitizers_report_the_beginning_is_kept) {
  output_tail tail;
  for (int i = 0; i != 30; ++i) tail.add("before\n");
  tail.add("=====\n==4711==ERROR: AddressSan");
  BOOST_TEST(tail.sanitizer_finding().empty());
  tail.add("itizer: heap-use-after-free on address 0x1\n");
  BOOST_TEST(tail.sanitizer_finding() == "AddressSanitizer: heap-use-after-free on address 0x1");
  for (int i = 0; i != 1000; ++i) tail.add("frame " + std::to_string(i) + '\n');
  const lines kept = tail.lines();
  BOOST_TEST(kept.size() == output_tail::most_lines + output_tail::most_report_lines);
  BOOST_TEST(kept[output_tail::most_lines - 1].find("==4711==ERROR") == 0u);
  BOOST_TEST(kept[output_tail::most_lines] == "frame 0");
  BOOST_TEST(kept.back() == "frame " + std::to_string(output_tail::most_report_lines - 1));
}

BOOST_AUTO_TEST_CASE(every_sanitizer_is_known) {
  const auto finding = [](std::string_view text) {
    output_tail tail;
    tail.add(text);
    return tail.sanitizer_finding();
  };
  BOOST_TEST(finding("WARNING: ThreadSanitizer: data race (pid=1)\n") ==
             "ThreadSanitizer: data race (pid=1)");
  BOOST_TEST(finding("a.cpp:1:2: runtime error: division by zero\n") ==
             "a.cpp:1:2: runtime error: division by zero");
  BOOST_TEST(finding("==1==ERROR: LeakSanitizer: detected memory leaks\n") ==
             "LeakSanitizer: detected memory leaks");
  BOOST_TEST(finding("ERROR: no sanitizer\n") == "");
  BOOST_TEST(finding("AddressSanitizer: without an error\n") == "");
}

BOOST_AUTO_TEST_SUITE_END()
