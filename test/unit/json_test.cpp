// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// JSON itself: what is read, what is refused and why, with Boost.JSON as a second opinion.
#include "support/identical.hpp"
#include "unit/codec_samples.hpp"
#include "unit/counted_memory.hpp"
#include "unit/dynamic_messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <random>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(json_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::string_literals;

std::string judged(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 1000;
  boost::json::error_code error;
  boost::json::parse(json, error, {}, options);
  return error ? error.message() : "";
}

bool skipped(std::string_view json) {
  return complaint([&] {
           json_reader in(std::as_bytes(std::span(json)));
           in.skip();
           in.finish();
         }) == "";
}

BOOST_AUTO_TEST_SUITE(against_another_parser)

// ---- the same tree, by two parsers

bool same(const value& ours, const boost::json::value& theirs) {
  switch (theirs.kind()) {
    case boost::json::kind::null:
      return ours.is_null();
    case boost::json::kind::bool_:
      return ours.is_bool() && ours.as<bool>() == theirs.get_bool();
    case boost::json::kind::int64:
      return ours.is_integer() && ours.as<std::int64_t>() == theirs.get_int64();
    case boost::json::kind::uint64:
      return ours.is_integer() && ours.as<std::uint64_t>() == theirs.get_uint64();
    case boost::json::kind::double_:
      // Its parser is not exact to the last bit.
      return ours.is_real() && std::abs(ours.as<double>() - theirs.get_double()) <=
                                   std::abs(theirs.get_double()) * 1e-14;
    case boost::json::kind::string:
      return ours.is_text() && ours.as<std::string>() == std::string_view(theirs.get_string());
    case boost::json::kind::array: {
      const auto& items = theirs.get_array();
      if (!ours.is_list() || ours.size() != items.size()) return false;
      for (std::size_t i = 0; i != items.size(); ++i)
        if (!same(ours[i], items[i])) return false;
      return true;
    }
    case boost::json::kind::object: {
      const auto& members = theirs.get_object();
      if (!ours.is_dict() || ours.size() != members.size()) return false;
      for (const auto& [key, mapped] : members)
        if (!ours.contains(key) || !same(ours[std::string_view(key)], mapped)) return false;
      return true;
    }
  }
  return false;
}

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::string any(int depth = 0) {
    std::string made = space();
    switch (random_() % (depth < 5 ? 8 : 6)) {
      case 0:
        made += "null";
        break;
      case 1:
        made += random_() % 2 ? "true" : "false";
        break;
      case 2:
        made += random_() % 2 ? "-" : "";
        made += std::to_string(random_() % 2 ? random_() : random_() % 10);
        break;
      case 3:
        made += std::to_string(random_() % 100) + "." + std::to_string(random_());
        if (random_() % 2) made += "e" + std::to_string(static_cast<int>(random_() % 300) - 150);
        break;
      case 4:
      case 5:
        made += text();
        break;
      case 6: {
        made += "[";
        for (std::size_t i = 0, count = random_() % 4; i != count; ++i)
          made += (i ? "," : "") + any(depth + 1);
        made += "]";
        break;
      }
      default: {
        made += "{";
        for (std::size_t i = 0, count = random_() % 4; i != count; ++i)
          made += (i ? "," : "") + space() + "\"k" + std::to_string(i) + text().substr(1) +
                  space() + ":" + any(depth + 1);
        made += "}";
      }
    }
    return made + space();
  }
  std::mt19937& random() { return random_; }

 private:
  std::string space() {
    constexpr std::string_view kinds = " \t\r\n";
    return random_() % 3 ? "" : std::string(1, kinds[random_() % 4]);
  }
  std::string text() {
    constexpr std::string_view pieces[] = {"a",       "\\n",        "\\u00e4", "\\ud83d\\ude00",
                                           "\\\"",    "\\\\",       "\\/",     "\\u0000",
                                           "\u20ac",  "\U0001F600", "\\b\\f",  "\\r\\t",
                                           "\\uABCD", "0123456789", " ",       "\x7f"};
    std::string made = "\"";
    for (std::size_t count = random_() % 6; count != 0; --count)
      made += pieces[random_() % std::size(pieces)];
    return made + "\"";
  }

  std::mt19937 random_;
};

BOOST_AUTO_TEST_CASE(well_formed_texts_are_read_the_same) {
  generator texts(7);
  for (int round = 0; round != 3000; ++round) {
    const std::string text = texts.any();
    BOOST_REQUIRE_MESSAGE(judged(text).empty(), text << ": " << judged(text));
    const auto ours = read_back<value>(text);
    BOOST_TEST(same(ours, boost::json::parse(text)), text);
    BOOST_TEST(skipped(text));
    // And what we make of it is read the same by the other.
    BOOST_TEST(same(ours, boost::json::parse(ours.to_json())), text);
    BOOST_TEST((read_back<value>(ours.to_json()) == ours), text);
  }
}

BOOST_AUTO_TEST_CASE(broken_texts_are_refused_by_both) {
  generator texts(8);
  constexpr std::string_view noise = "\"\\{}[],:019-+.eEu tfn\n\x01\x80\xff";
  int refused = 0;
  for (int round = 0; round != 20'000; ++round) {
    std::string text = texts.any();
    auto& random = texts.random();
    const auto at = static_cast<std::ptrdiff_t>(random() % text.size());
    switch (random() % 3) {
      case 0:
        text.erase(text.begin() + at);
        break;
      case 1:
        text.insert(text.begin() + at, noise[random() % noise.size()]);
        break;
      default:
        text[static_cast<std::size_t>(at)] = noise[random() % noise.size()];
    }
    const bool valid = judged(text).empty();
    if (!valid) ++refused;
    // Numbers beyond a double or 64 bits, and keys that occur twice or look like markers, are
    // refused by us alone.
    if (skipped(text) && !valid) BOOST_ERROR("read what is no JSON: " << text);
    if (valid && !skipped(text) && text.find('e') == text.npos && text.find('E') == text.npos &&
        refusal<value>(text).find("beyond 64 bits") == std::string::npos &&
        text.find("\"$") == text.npos)
      BOOST_ERROR("refused JSON: " << text << ": " << refusal<value>(text));
  }
  BOOST_TEST(refused > 5000);
}

BOOST_AUTO_TEST_CASE(corners_of_the_grammar) {
  for (const std::string_view text : {"0", "-0", "0.0", "1e5", "1E+5", "1e-5", "[]", "[ ]", "{}",
                                      "{ }", "\"\"", "[[],[]]", R"("\ud800\udc00")", R"("\uFFFF")",
                                      "\t1\n", "18446744073709551615", "-9223372036854775808"}) {
    BOOST_TEST(skipped(text), text);
    BOOST_TEST(refusal<value>(text) == "");
    BOOST_TEST(judged(text) == "", text);
  }
  for (const std::string_view text : {"",
                                      " ",
                                      "01",
                                      "-",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "\"",
                                      "\"\\",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\\u+123\"",
                                      R"("\ud800")",
                                      R"("\ud800x")",
                                      R"("\ud800\n")",
                                      R"("\udc00")",
                                      R"("\ud800\ud800")",
                                      "\"\n\"",
                                      "\"\x1f\"",
                                      "\"\x80\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xe2\x82\"",
                                      "nul",
                                      "nullx",
                                      "tru",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "[}",
                                      "{]",
                                      "1 1",
                                      "[1]]",
                                      "\xef\xbb\xbf"
                                      "1",
                                      "// x\n1"}) {
    BOOST_TEST(!skipped(text), text);
    BOOST_TEST(refusal<value>(text) != "", text);
    BOOST_TEST(judged(text) != "", text);
  }
  // By us alone: no number of ours can hold them.
  for (const std::string_view text :
       {"18446744073709551616", "-9223372036854775809", "1e999", "-1e999", "1e-999"})
    BOOST_TEST(refusal<value>(text) != "", text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(integers_at_their_limits) {
  BOOST_TEST(read_back<signed char>("-128") == -128);
  BOOST_TEST(refusal<signed char>("128") == "args[0]: 128 is out of range: -128 to 127");
  BOOST_TEST(refusal<unsigned char>("-1") == "args[0]: -1 is out of range: 0 to 255");
  BOOST_TEST(refusal<int>("2147483648") ==
             "args[0]: 2147483648 is out of range: -2147483648 to 2147483647");
  BOOST_TEST(read_back<std::int64_t>("-9223372036854775808") ==
             std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(refusal<std::int64_t>("9223372036854775808") ==
             "args[0]: 9223372036854775808 is out of range: -9223372036854775808 to "
             "9223372036854775807");
  BOOST_TEST(read_back<std::uint64_t>("18446744073709551615") == ~std::uint64_t{0});
  BOOST_TEST(refusal<int>("18446744073709551616") == "args[0]: an integer beyond 64 bits");
  BOOST_TEST(refusal<std::uint64_t>(R"({"$i":"18446744073709551616"})") ==
             "args[0]: 18446744073709551616 is out of range: 0 to 18446744073709551615");
  BOOST_TEST(refusal<detail::uint128>("-1").starts_with("args[0]: -1 is out of range: 0 to 3402"));
  BOOST_TEST(
      bool(read_back<detail::int128>(R"({"$i":"-170141183460469231731687303715884105728"})") ==
           static_cast<detail::int128>(detail::uint128{1} << 127)));
  BOOST_TEST(refusal<detail::int128>(R"({"$i":"170141183460469231731687303715884105728"})") != "");
  BOOST_TEST(refusal<bool>("1") == "args[0]: expected a bool, not an integer");
  BOOST_TEST(refusal<int>("true") == "args[0]: expected an integer, not a bool");
  BOOST_TEST(refusal<int>("1.0") == "args[0]: expected an integer, not a floating-point number");
  BOOST_TEST(refusal<int>("\"1\"") == "args[0]: expected an integer, not text");
  BOOST_TEST(refusal<int>("null") == "args[0]: expected an integer, not null");
  BOOST_TEST(refusal<int>("") == "args[0]: expected an integer, not the end of the message");
}

BOOST_AUTO_TEST_CASE(floating_point) {
  BOOST_TEST(read_back<double>("1") == 1.0);
  BOOST_TEST(refusal<double>("1", false) ==
             "args[0]: expected a floating-point number, not an integer");
  BOOST_TEST(read_back<double>("9007199254740992") == 9007199254740992.0);
  BOOST_TEST(refusal<double>("9007199254740993") ==
             "args[0]: a double cannot hold the integer without rounding it");
  BOOST_TEST(read_back<double>("18446744073709549568") == 18446744073709549568.0);
  BOOST_TEST(refusal<double>("18446744073709551615") != "");
  BOOST_TEST(refusal<float>("16777217") ==
             "args[0]: a float cannot hold the integer without rounding it");
  BOOST_TEST(read_back<long double>("18446744073709551615") == 18446744073709551615.0L);
  BOOST_TEST(refusal<double>(R"({"$i":"340282366920938463463374607431768211455"})") != "");
  BOOST_TEST(read_back<double>(R"({"$i":"170141183460469231731687303715884105728"})") == 0x1p127);
}

BOOST_AUTO_TEST_CASE(between_widths) {
  BOOST_TEST(read_back<float>("0.1") == 0.1f);
  BOOST_TEST(refusal<float>("0.1", false) ==
             "args[0]: expected a float, not a floating-point number");
  BOOST_TEST((read_back<float>("0.5", {}, {}, false)) == 0.5f);
  BOOST_TEST(refusal<float>("1e300") == "args[0]: the number is beyond a float");
  BOOST_TEST(identical(read_back<float>(R"({"$f":"7ff0000000000000"})", {}, {}, false),
                       std::numeric_limits<float>::infinity()));
  // A NaN's payload that a float has no room for.
  BOOST_TEST(refusal<float>(R"({"$f":"7ff8000000000001"})", false) != "");
  BOOST_TEST(std::isnan(read_back<float>(R"({"$f":"7ff0000000000001"})")));
  const float signalling = std::numeric_limits<float>::signaling_NaN();
  BOOST_TEST(identical(read_back<double>(written(signalling)),
                       std::numeric_limits<double>::signaling_NaN()));
  BOOST_TEST(read_back<double>(written(0.1L)) == static_cast<double>(0.1L));
  BOOST_TEST(complaint([] { read_back<double>(written(0.1L), {}, false); }) ==
             "args[0]: expected a double, not a long double");
  BOOST_TEST(complaint([] { read_back<double>(written(1e4000L)); }) ==
             "args[0]: the long double is beyond a double");
  BOOST_TEST(read_back<long double>("0.1") == static_cast<long double>(0.1));
}

BOOST_AUTO_TEST_CASE(a_million_doubles_come_back) {
  std::mt19937_64 random(5);
  for (int i = 0; i != 200'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    const json_message sent = written(number);
    if (!identical(read_back<double>(sent), number)) BOOST_ERROR(sent.text());
    const auto narrow = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!identical(read_back<float>(written(narrow), {}, false), narrow))
      BOOST_ERROR(written(narrow).text());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(scalars_take_no_memory_of_the_heap) {
  byte_buffer body;
  std::vector<attachment> attachments;
  std::size_t before = heap().allocations;
  {
    json_writer out(body, attachments);
    out.begin_list();
    write_dynamic(out, 42);
    write_dynamic(out, -1.5);
    write_dynamic(out, true);
    write_dynamic(out, "short");
    write_dynamic(out, std::string_view("text"));
    write_dynamic(out, std::optional<int>());
    write_dynamic(out, point{1, 2});
    out.end_list();
  }
  std::size_t after = heap().allocations;  // before BOOST_TEST, which allocates
  BOOST_TEST(after == before);
  before = heap().allocations;
  int sum = 0;
  {
    json_reader in(body.view());
    json_reader::list items(in);
    items.next();
    sum += read_dynamic<int>(in);
    items.next();
    sum += read_dynamic<double>(in) < 0;
    items.next();
    sum += read_dynamic<bool>(in);
    items.next();
    sum += static_cast<int>(read_dynamic<std::string>(in).size());
    items.next();
    std::string scratch;
    sum += static_cast<int>(in.text(scratch).size());
    items.next();
    sum += read_dynamic<std::optional<int>>(in).has_value();
  }
  after = heap().allocations;
  BOOST_TEST(sum == 42 + 1 + 1 + 5 + 4);
  BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_SUITE_END()
