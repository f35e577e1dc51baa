// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/output_feed.hpp"
#include "unit/frames.hpp"

#include <asio/io_context.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(output_feed_test)

using namespace glovebox::client;
using texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(output_feed_test)

BOOST_AUTO_TEST_CASE(lines_whatever_the_pieces) {
  const std::string text = "one\n\ntwo\nthree";
  const texts wanted{"one", "", "two", "three"};
  for (std::size_t size = 1; size <= text.size(); ++size) {
    output_lines lines;
    for (std::size_t at = 0; at < text.size(); at += size) lines.add(text.substr(at, size));
    lines.end();
    BOOST_TEST(lines.take() == wanted, boost::test_tools::per_element());
    BOOST_TEST(lines.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_end_waits_for_it) {
  output_lines lines;
  lines.add("begun");
  BOOST_TEST(lines.empty());
  lines.add(", ended\nnext");
  BOOST_TEST(lines.take() == texts{"begun, ended"}, boost::test_tools::per_element());
  lines.end();
  lines.end();
  BOOST_TEST(lines.take() == texts{"next"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(long_lines_come_in_pieces) {
  output_lines lines;
  const std::string whole(output_lines::longest_line, 'x');
  lines.add(whole + "\n" + whole + "y\n" + whole);
  BOOST_TEST((lines.take() == texts{whole, whole, "y", whole}));
  lines.add("\n\n");
  BOOST_TEST((lines.take() == texts{""}));
}

BOOST_AUTO_TEST_CASE(what_nobody_takes_is_bounded) {
  output_lines lines;
  constexpr std::size_t count = 3 * output_lines::most_bytes / 100;
  for (std::size_t i = 0; i != count; ++i) lines.add(std::string(100, 'x') + '\n');
  const texts got = lines.take();
  BOOST_TEST(got.size() < count / 2);
  const std::size_t dropped = count - (got.size() - 1);
  BOOST_TEST(got.back().find("dropped " + std::to_string(dropped) + " lines") != std::string::npos,
             got.back());
  lines.add("again\n");
  BOOST_TEST(lines.take() == texts{"again"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(passed_on_by_the_executor) {
  asio::io_context io;
  texts heard;
  const auto hear = [&heard](std::string_view line) {
    heard.emplace_back(line);
    if (line == "bad") throw std::runtime_error("bad");
  };
  const auto feed = std::make_shared<output_feed>(io.get_executor(), hear);
  feed->add("one\ntwo\n");
  BOOST_TEST(heard.empty());
  io.run();
  BOOST_TEST(heard == (texts{"one", "two"}), boost::test_tools::per_element());
  feed->add("bad\n");
  io.restart();
  BOOST_CHECK_THROW(io.run(), std::runtime_error);
  feed->add("last");
  feed->end();
  io.restart();
  io.run();
  BOOST_TEST(heard.back() == "last");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
