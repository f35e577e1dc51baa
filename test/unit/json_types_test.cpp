// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What JSON is read as, and what is not, with the path of what is wrong.
#include "support/identical.hpp"
#include "unit/codec_samples.hpp"
#include "unit/dynamic_messages.hpp"

#include <complex>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(json_types_test)

using namespace glovebox;
using namespace glovebox::test;

BOOST_AUTO_TEST_SUITE(other_types)

BOOST_AUTO_TEST_CASE(characters) {
  BOOST_TEST(read_back<char>("\"a\"") == 'a');
  BOOST_TEST(read_back<char>("97") == 'a');
  BOOST_TEST(refusal<char>("97", false) ==
             "args[0]: expected a character, not the end of the message");
  BOOST_TEST(refusal<char>("\"ab\"") == "args[0]: expected a single character, not text of 2");
  BOOST_TEST(refusal<char>("\"\u00e4\"") == "args[0]: a character that takes more than one unit");
  BOOST_TEST(refusal<char16_t>("\"\U0001F600\"") ==
             "args[0]: a character that takes more than one unit");
  BOOST_TEST(bool(read_back<char32_t>("\"\U0001F600\"") == U'\U0001F600'));
  BOOST_TEST(refusal<char>("\"\"") == "args[0]: expected a single character, not text of 0");
}

BOOST_AUTO_TEST_CASE(bytes_and_lists) {
  using bytes = std::vector<unsigned char>;
  BOOST_TEST((read_back<bytes>("[1,2,255]") == bytes{1, 2, 255}));
  BOOST_TEST(refusal<bytes>("[1,2,256]") == "args[0][2]: 256 is out of range: 0 to 255");
  BOOST_TEST(refusal<bytes>("[1]", false) == "args[0]: expected bytes, not a list");
  BOOST_TEST(refusal<bytes>("\"text\"") == "args[0]: expected bytes, not text");
  BOOST_TEST(refusal<std::string>(R"({"$b":"AQI="})") == "args[0]: expected text, not bytes");
  BOOST_TEST(refusal<std::vector<int>>(R"({"$b":"AQI="})") ==
             "args[0]: expected a list, not bytes");
  BOOST_TEST(refusal<std::vector<int>>("{}") == "args[0]: expected a list, not a dict");
  BOOST_TEST((refusal<std::array<int, 2>>("[1]")) ==
             "args[0]: less elements than the 2 that belong here");
  BOOST_TEST((refusal<std::array<std::string, 2>>("[\"1\",\"\",\"\"]")) ==
             "args[0][2]: more elements than the 2 that belong here");
  BOOST_TEST((refusal<std::tuple<int, int>>("[1]")) ==
             "args[0][0]: less elements than the 2 that belong here");
  BOOST_TEST((refusal<std::tuple<>>("[1]")) ==
             "args[0][0]: more elements than the 0 that belong here");
  BOOST_TEST(refusal<std::complex<double>>("[1.0]") != "");
  BOOST_TEST(refusal<std::complex<double>>("[1.0,2.0,3.0]") != "");
  BOOST_TEST(refusal<std::bitset<3>>("\"0101\"") == "args[0]: expected 3 zeros and ones");
  BOOST_TEST(refusal<std::bitset<3>>("\"012\"") == "args[0]: expected 3 zeros and ones");
}

BOOST_AUTO_TEST_CASE(maps) {
  BOOST_TEST((read_back<std::map<int, int>>("{}").empty()));
  BOOST_TEST((refusal<std::map<int, int>>(R"({"1":2})")) ==
             "args[0].1: text as a key, where keys are something else");
  BOOST_TEST((read_back<std::map<std::string, int>>(R"({"$m":[["a",1]]})").at("a")) == 1);
  BOOST_TEST((refusal<std::map<std::string, int>>("[]")) == "args[0]: expected a dict, not a list");
  BOOST_TEST((refusal<std::map<std::string, int>>(R"({"$b":""})")) ==
             "args[0]: expected a dict, not bytes");
  BOOST_TEST((refusal<std::map<std::string, int>>(R"({"a":1,"$b":""})")) ==
             "args[0]: a marker inside a dict");
}

BOOST_AUTO_TEST_CASE(described_classes) {
  BOOST_TEST(identical(read_back<point>(R"({"y":2.0,"x":1.0})"), point{1, 2}));
  BOOST_TEST(refusal<point>(R"({"x":1.0})") == "args[0].y: this member is missing");
  BOOST_TEST(refusal<point>(R"({"x":1.0,"z":1.0,"y":0.0})") ==
             "args[0].z: there is no such member");
  BOOST_TEST(refusal<point>("[1.0,2.0]") == "args[0]: expected a dict, not a list");
  settings some;
  some.x = 1;
  some.grid[0][1] = 5;
  some.level = 9;
  // Missing optionals read as empty.
  settings expected = some;
  expected.level.reset();
  BOOST_TEST(identical(
      read_back<settings>(R"({"x":1.0,"y":0.0,"name":"","grid":[[0,5,0],[0,0,0]]})"), expected));
  BOOST_TEST(refusal<settings>(R"({"x":1.0,"y":0.0,"name":"","grid":[[0,5,0],[0,0]]})") ==
             "args[0].grid[1][1]: less elements than the 3 that belong here");
  BOOST_TEST(refusal<booking>(R"({"seat":{"$bin":"/////w=="},"name":""})") ==
             "args[0].seat: a ticket with a negative number");
  BOOST_TEST(refusal<booking>(R"({"seat":5,"name":""})") ==
             "args[0].seat: expected a value of the binary codec, not an integer");
}

BOOST_AUTO_TEST_CASE(variants) {
  using any = std::variant<int, double, std::string, bool, std::vector<int>, point>;
  BOOST_TEST(identical(read_back<any>("1"), any(1)));
  BOOST_TEST(identical(read_back<any>("1.0"), any(1.0)));
  BOOST_TEST(identical(read_back<any>("true"), any(true)));
  BOOST_TEST(identical(read_back<any>("[1]"), any(std::vector{1})));
  BOOST_TEST(read_back<any>(R"({"x":1.0,"y":2.0})").index() == 5u);
  using narrow = std::variant<float, double>;
  BOOST_TEST(read_back<narrow>("0.1").index() == 1u);
  BOOST_TEST(read_back<narrow>("0.5").index() == 0u);
  BOOST_TEST(read_back<narrow>("1").index() == 0u);  // by conversion
  BOOST_TEST(refusal<narrow>("1", false) != "");
  BOOST_TEST(refusal<any>("null").starts_with("args[0]: expected one of the alternatives of "));
  BOOST_TEST(refusal<any>(R"({"$v":[9,1]})") == "args[0]: invalid variant index 9");
  BOOST_TEST(refusal<any>(R"({"$v":[0,"x"]})") == "args[0]: expected an integer, not text");
  // Whoever wants no variant gets what is in it.
  BOOST_TEST(read_back<double>(written(any(2.5))) == 2.5);
  BOOST_TEST((read_back<std::vector<int>>(written(any(std::vector{1, 2}))) == std::vector{1, 2}));
  BOOST_TEST((read_back<std::optional<int>>(written(std::optional<any>(any(3)))) == 3));
  using outer = std::variant<bool, std::variant<int, std::string>>;
  BOOST_TEST(read_back<std::string>(written(outer(std::variant<int, std::string>("x")))) == "x");
  BOOST_TEST(refusal<int>(R"({"$v":[0,1)") != "");
  BOOST_TEST(refusal<int>(R"({"$v":[0,1]})") == "");
}

BOOST_AUTO_TEST_CASE(paths_through_everything) {
  using deep = std::map<std::string, std::vector<std::pair<int, std::optional<point>>>>;
  BOOST_TEST(refusal<deep>(R"({"key":[[1,null],[2,{"x":1.0,"y":"no"}]]})") ==
             "args[0].key[1][1].y: expected a floating-point number, not text");
  BOOST_TEST((refusal<std::map<int, bool>>(R"({"$m":[[1,true],[2,3]]})")) ==
             "args[0][1][1]: expected a bool, not an integer");
  BOOST_TEST(refusal<std::vector<int>>("[1,2") ==
             "args[0][1]: invalid JSON at byte 4: a list without an end, or a comma is missing");
  // What is written has paths as well.
  std::map<std::string, std::vector<std::optional<breakable>>> broken;
  broken["here"] = {std::nullopt, without_value()};
  BOOST_TEST(complaint([&] { written(broken); }) == "args[0].here[1]: a variant without a value");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
