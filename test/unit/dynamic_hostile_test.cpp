// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "support/identical.hpp"
#include "unit/codec_samples.hpp"
#include "unit/counted_memory.hpp"
#include "unit/dynamic_messages.hpp"

#include <boost/json/parse.hpp>

#include <array>
#include <random>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(dynamic_hostile_test)

using namespace glovebox;
using namespace glovebox::test;

// The budget counts the values that are made. A container that grows holds its old and its new
// memory for a moment, the new twice as large; strings that are read stand somewhere else first.
constexpr std::uint64_t budget = 64 * 1024;
constexpr std::size_t most_memory = 4 * budget + 32 * 1024;

limits tight() {
  limits bounds;
  bounds.decoded_bytes = budget;
  return bounds;
}

/// Reads text that may be anything: gives the value or nothing, and throws nothing but codec_error,
/// within the memory allowed. The text stands in memory of its own size, so that sanitizers see
/// reading beyond it.
template <class T>
std::optional<T> survived(std::string_view json,
                          std::span<const std::span<const std::byte>> attachments = {}) {
  const std::vector<char> exact(json.begin(), json.end());
  std::optional<T> value;
  bool other = false;
  const std::size_t taken = memory_taken_by([&] {
    try {
      value.emplace(read_back<T>({exact.data(), exact.size()}, attachments, tight()));
    } catch (const codec_error&) {
    } catch (...) {
      other = true;
    }
  });
  if (other) BOOST_ERROR(detail::type_name<T>() << " failed with something else: " << json);
  if (taken > most_memory) BOOST_ERROR(detail::type_name<T>() << " took " << taken << " bytes");
  return value;
}

BOOST_AUTO_TEST_SUITE(every_sample)

constexpr auto all_truncated = [](const auto& values) {
  using T = typename std::decay_t<decltype(values)>::value_type;
  for (const T& each : values) {
    const std::string whole = written(each).text();
    // A number has no end of its own.
    const bool number = whole.find_first_not_of("0123456789.e+-") == whole.npos;
    for (std::size_t size = 0; size != whole.size(); ++size) {
      if (number && size != 0) continue;
      const std::string_view part = std::string_view(whole).substr(0, size);
      if (survived<T>(part) || survived<value>(part))
        BOOST_ERROR(detail::type_name<T>() << " was read from a part of its text: " << part);
    }
    for (const char* const more : {"0", ",", "]", "}", "\"", "x", " null"})
      if (survived<T>(whole + more) && !(number && *more == '0'))
        BOOST_ERROR(detail::type_name<T>() << " left something over: " << whole << more);
    if (!survived<T>(" \t\r\n" + whole + " \n"))
      BOOST_ERROR(detail::type_name<T>() << " was not read with white space around it");
  }
};

BOOST_AUTO_TEST_CASE(truncated_everywhere_and_with_more_behind_it) {
  for_each_sample(all_truncated);
  for_each_unordered_sample(all_truncated);
}

boost::json::error_code judged(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 1000;
  boost::json::error_code error;
  boost::json::parse(json, error, {}, options);
  return error;
}

// Every byte becomes each of those that mean something in JSON, and some that never do.
constexpr char mutation_bytes[] = "\"\\{}[],:$0129-+.eEuatn \n\x00\x1f\x7f\x80\xc0\xed\xff";
constexpr std::string_view mutations(mutation_bytes, sizeof mutation_bytes - 1);

constexpr auto all_mutated = [](const auto& values) {
  using T = typename std::decay_t<decltype(values)>::value_type;
  for (const T& each : values) {
    const std::string whole = written(each).text();
    if (whole.size() > 600) continue;
    for (std::size_t at = 0; at != whole.size(); ++at) {
      const auto attempt = [&](char c) {
        std::string changed = whole;
        changed[at] = c;
        const auto got = survived<T>(changed);
        // Whatever was read was JSON, and survives a trip of its own.
        if (got && judged(changed)) BOOST_ERROR("read from what is no JSON: " << changed);
        if (got && !identical(read_back<T>(written(*got)), *got))
          BOOST_ERROR(detail::type_name<T>() << " was read as what does not travel: " << changed);
      };
      for (const char c : mutations) attempt(c);
      for (int bit = 0; bit != 8; ++bit) attempt(static_cast<char>(whole[at] ^ (1 << bit)));
    }
  }
};

BOOST_AUTO_TEST_CASE(every_byte_changed_and_every_bit_flipped) {
  for_each_sample(all_mutated);
  for_each_unordered_sample(all_mutated);
}

BOOST_AUTO_TEST_CASE(random_text) {
  std::mt19937 random(20'26);
  constexpr std::array<std::string_view, 32> pieces{"{",
                                                    "}",
                                                    "[",
                                                    "]",
                                                    ",",
                                                    ":",
                                                    "\"",
                                                    "null",
                                                    "true",
                                                    "0",
                                                    "-1",
                                                    "1.5",
                                                    "1e400",
                                                    "\"a\"",
                                                    "\"\\u00",
                                                    "\"\\ud800\"",
                                                    "{\"$v\":[",
                                                    "{\"$o\":",
                                                    "{\"$a\":[\"f8\",",
                                                    "{\"$m\":[[",
                                                    "{\"$i\":\"",
                                                    "{\"$f\":\"7ff",
                                                    "{\"$s\":\"",
                                                    "{\"$ba\":",
                                                    "{\"$ref\":",
                                                    "{\"$t\":[1,1,",
                                                    "{\"$$\":",
                                                    "\"x\":",
                                                    " ",
                                                    "\xff",
                                                    "{\"$bin\":\"AQ==\"}",
                                                    "]}"};
  const auto try_type = [&](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    for (int round = 0; round != 200; ++round) {
      std::string noise;
      for (std::size_t count = random() % 20; count != 0; --count)
        noise += random() % 8 == 0 ? std::string(1, static_cast<char>(random()))
                                   : std::string(pieces[random() % pieces.size()]);
      survived<T>(noise);
      survived<value>(noise);
    }
  };
  for_each_sample(try_type);
  for_each_unordered_sample(try_type);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hostile_texts)

std::string repeated(std::string_view text, std::size_t count) {
  std::string made;
  for (std::size_t i = 0; i != count; ++i) made += text;
  return made;
}

BOOST_AUTO_TEST_CASE(nesting_without_end) {
  for (const std::string_view opening :
       {"[", "{\"a\":", "{\"$v\":[0,", "{\"$o\":", "{\"$m\":[[", "{\"$t\":[",
        "{\"$x\":", "{\"children\":[", "{\"$ref\":"}) {
    const std::string text = repeated(opening, 200'000);
    BOOST_TEST(!survived<value>(text));
    BOOST_TEST(!survived<tree>(text));
    BOOST_TEST(!survived<std::vector<value>>(text));
    BOOST_TEST(!survived<int>(text));
    json_reader in(std::as_bytes(std::span(text)));
    BOOST_CHECK_THROW(in.skip(), codec_error);
  }
  BOOST_TEST(refusal<value>(repeated("[", 129)).ends_with("nested deeper than 128 (limits.depth)"));
  BOOST_TEST(refusal<value>(repeated("[", 127) + repeated("]", 127)) == "");
}

struct many {
  std::variant<int, std::vector<many>, std::list<many>> held;
};
BOOST_DESCRIBE_STRUCT(many, (), (held))

BOOST_AUTO_TEST_CASE(texts_that_almost_fit_in_very_many_ways) {
  // Each level could be either of two alternatives, exactly or with conversions; the innermost fits
  // none of them.
  const std::string text = repeated("{\"held\":[", 60) + "{\"held\":\"x\"}" + repeated("]}", 60);
  BOOST_TEST(refusal<many>(text).ends_with("the value almost fits in too many ways"));
  const std::string right = repeated("{\"held\":[", 20) + "{\"held\":1}" + repeated("]}", 20);
  BOOST_TEST(refusal<many>(right) == "");
}

BOOST_AUTO_TEST_CASE(small_messages_that_want_much_memory) {
  const std::string ones = "[" + repeated("1,", 30'000) + "1]";
  BOOST_TEST(!survived<value>(ones));
  BOOST_TEST(!survived<std::list<int>>(ones));
  BOOST_TEST(!survived<std::vector<std::string>>("[" + repeated("\"\",", 30'000) + "\"\"]"));
  BOOST_TEST(!survived<std::vector<int>>(ones));
  BOOST_TEST(survived<std::vector<char>>("[" + repeated("1,", 3'000) + "1]").has_value());
  BOOST_TEST(!survived<std::vector<nothing>>("[" + repeated("{},", 70'000) + "{}]"));
  // One attachment, named again and again.
  const std::vector<std::byte> bulk(20'000);
  const std::span<const std::byte> attached[] = {bulk};
  BOOST_TEST(
      !survived<std::vector<std::string>>("[" + repeated("{\"$sa\":0},", 100) + "\"\"]", attached));
  BOOST_TEST(!survived<value>("[" + repeated("{\"$a\":[\"u1\",0]},", 100) + "0]", attached));
}

BOOST_AUTO_TEST_CASE(attachments_that_are_not_what_was_said) {
  const std::vector<std::byte> bulk(17);
  const std::span<const std::byte> attached[] = {bulk};
  const auto outcome = [&]<class T>(std::type_identity<T>, std::string_view json) {
    return complaint([&] { read_back<T>(json, attached); });
  };
  constexpr std::type_identity<std::vector<double>> doubles;
  BOOST_TEST(outcome(doubles, R"({"$a":["f8",0]})") ==
             "args[0]: contiguous numbers that end inside one");
  BOOST_TEST(outcome(doubles, R"({"$a":["f8",1]})") == "args[0]: an attachment is missing");
  BOOST_TEST(outcome(doubles, R"({"$a":["f2",0]})") == "args[0]: an unknown kind of number");
  BOOST_TEST(outcome(doubles, R"({"$a":["f8",-1]})").find("out of range") != std::string::npos);
  BOOST_TEST(outcome(doubles, R"({"$a":["u1",0]})") == "");
  constexpr std::type_identity<std::string> text;
  BOOST_TEST(outcome(text, R"({"$sa":0})") == "");
  BOOST_TEST(outcome(text, R"({"$sa":0,"x":1})").find("more than one value") != std::string::npos);
  BOOST_TEST(outcome(text, R"({"$sa":"0"})") == "args[0]: expected an integer, not text");
  constexpr std::type_identity<std::u16string> wide;
  const std::vector<std::byte> bad(3, std::byte{0xff});
  const std::span<const std::byte> invalid[] = {bad};
  BOOST_TEST(complaint([&] { read_back<std::u16string>(R"({"$sa":0})", invalid); }) ==
             "args[0]: the text is not UTF-8");
  BOOST_TEST(outcome(wide, R"({"$sa":0})") == "");
}

BOOST_AUTO_TEST_CASE(keys_that_occur_twice) {
  BOOST_TEST((refusal<std::map<std::string, int>>(R"({"a":1,"a":2})")) ==
             "args[0].a: a key that occurs twice");
  BOOST_TEST((refusal<std::map<std::string, int>>(R"({"a":1,"\u0061":2})")) ==
             "args[0].a: a key that occurs twice");
  BOOST_TEST((refusal<std::map<int, int>>(R"({"$m":[[1,1],[1,2]]})")) ==
             "args[0][1]: a key that occurs twice");
  BOOST_TEST((refusal<std::set<int>>("[1,1]")) == "args[0][1]: an element that occurs twice");
  BOOST_TEST((refusal<point>(R"({"x":1.0,"y":1.0,"x":1.0})")) ==
             "args[0].x: a key that occurs twice");
  BOOST_TEST((refusal<value>(R"({"a":1,"b":2,"a":2})")) == "args[0]: a key that occurs twice");
  BOOST_TEST((refusal<value>(R"({"$m":[[1,1],[1,2]]})")) == "");  // what a multimap writes
  BOOST_TEST((refusal<std::multimap<int, int>>(R"({"$m":[[1,1],[1,2]]})")) == "");
}

BOOST_AUTO_TEST_CASE(markers_that_nobody_writes) {
  const auto value_refusal = [](std::string_view json) { return refusal<value>(json); };
  for (const std::string_view json : {R"({"$f":"3ff0000000000000"})",
                                      R"({"$f":"7FF0000000000000"})",
                                      R"({"$f":"7ff"})",
                                      R"({"$f":7})",
                                      R"({"$b":"AQI"})",
                                      R"({"$b":"AQJ="})",
                                      R"({"$b":"A Q="})",
                                      R"({"$b":"===="})",
                                      R"({"$s":"YWJj"})",
                                      R"({"$unknown":1})",
                                      R"({"$":1})",
                                      R"({"\u0024ref":1})",
                                      R"({"a":1,"$b":"AQI="})",
                                      R"({"$v":1})",
                                      R"({"$v":[]})",
                                      R"({"$v":[1]})",
                                      R"({"$v":[1,2,3]})",
                                      R"({"$v":[-1,2]})",
                                      R"({"$o":1,"a":2})",
                                      R"({"$m":{}})",
                                      R"({"$m":[[1]]})",
                                      R"({"$m":[[1,2,3]]})",
                                      R"({"$m":[1]})",
                                      R"({"$ref":1})",
                                      R"({"$call":1})",
                                      R"({"$fd":0})",
                                      R"({"$a":["f8"]})",
                                      R"({"$bin":"x"})"})
    BOOST_TEST(value_refusal(json) != "", json);
  for (const std::string_view json :
       {R"({"$i":"1"})", R"({"$i":"18446744073709551615"})", R"({"$i":"-9223372036854775808"})",
        R"({"$i":"018446744073709551616"})", R"({"$i":"340282366920938463463374607431768211456"})",
        R"({"$i":""})", R"({"$i":"-"})", R"({"$i":"--18446744073709551616"})",
        R"({"$i":"18446744073709551616x"})", R"({"$i":1})"}) {
    BOOST_TEST(refusal<detail::int128>(json) != "", json);
    BOOST_TEST(refusal<detail::uint128>(json) != "", json);
  }
  BOOST_TEST(refusal<std::string>(R"({"$s":"YWJj"})") ==
             "args[0]: valid UTF-8, written as if it were not");
  BOOST_TEST(refusal<std::u16string>(R"({"$s16":"YQBi"})") ==
             "args[0]: text that ends inside a character");
  BOOST_TEST(refusal<std::u16string>(R"({"$s16":"YQA="})") ==
             "args[0]: valid text, written as if it were not");
  // An unnormal number of x87: some of the library's functions crash on those.
  BOOST_TEST(refusal<long double>(R"({"$ld":"3fff0000000000000001"})").find("no number") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
