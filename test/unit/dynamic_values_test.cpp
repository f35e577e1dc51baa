// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "support/identical.hpp"
#include "unit/codec_samples.hpp"
#include "unit/dynamic_messages.hpp"

#include <boost/json/parse.hpp>

#include <functional>
#include <thread>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(dynamic_values_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::string_literals;

// ---- what travels and what does not is known to the compiler

struct plain {
  int x;
};
struct opaque;

static_assert(dynamic_transferable<int> && dynamic_transferable<const std::string&>);
static_assert(dynamic_transferable<std::vector<std::map<int, std::optional<std::string>>>>);
static_assert(dynamic_transferable<tree> && dynamic_transferable<std::vector<tree>>);
static_assert(dynamic_transferable<ticket> && dynamic_transferable<std::vector<ticket>>);
static_assert(dynamic_transferable<value> && dynamic_transferable<std::map<std::string, value>>);
static_assert(dynamic_transferable<plain*> && dynamic_transferable<std::shared_ptr<const plain>>);
static_assert(dynamic_transferable<opaque*> && dynamic_transferable<std::vector<opaque*>>);
static_assert(dynamic_transferable<std::vector<std::shared_ptr<plain>>>);
static_assert(dynamic_writable<std::string_view> && !dynamic_transferable<std::string_view>);
static_assert(dynamic_writable<const char*> && dynamic_writable<char[5]>);
static_assert(dynamic_writable<std::span<const int>> && dynamic_writable<glovebox::borrowed<int>>);
static_assert(dynamic_writable<std::unique_ptr<plain>>);
static_assert(!dynamic_transferable<std::unique_ptr<plain>> && !dynamic_writable<int*>);
static_assert(!dynamic_writable<void*> && !dynamic_writable<int (*)()>);
static_assert(!dynamic_writable<std::vector<std::string_view>> && !dynamic_writable<plain>);
static_assert(!dynamic_writable<std::optional<int*>> && !dynamic_writable<std::thread>);
static_assert(!dynamic_writable<std::function<void()>> && !dynamic_writable<std::shared_ptr<int>>);

template <class T>
void comes_back(const T& value) {
  const json_message sent = written(value);
  for (const bool conversions : {false, true})
    BOOST_TEST(identical(read_back<T>(sent, {}, conversions), value),
               detail::type_name<T>() << " came back changed: " << sent.text());
}

BOOST_AUTO_TEST_SUITE(values_come_back)

constexpr auto all_come_back = [](const auto& values) {
  for (const auto& value : values) comes_back(value);
};

BOOST_AUTO_TEST_CASE(row_23_every_kind) {
  for_each_sample(all_come_back);
  for_each_unordered_sample(all_come_back);
}

// Boost.JSON says whether it is JSON at all.
constexpr auto all_well_formed = [](const auto& values) {
  boost::json::parse_options options;
  options.max_depth = 200;
  for (const auto& value : values) {
    const std::string text = written(value).text();
    boost::json::error_code error;
    boost::json::parse(text, error, {}, options);
    BOOST_TEST(!error, text << ": " << error.message());
  }
};

BOOST_AUTO_TEST_CASE(what_is_written_is_json) {
  for_each_sample(all_well_formed);
  for_each_unordered_sample(all_well_formed);
}

constexpr auto all_through_values = [](const auto& values) {
  for (const auto& each : values) {
    using T = std::decay_t<decltype(each)>;
    const json_message sent = written(each);
    const auto seen = read_back<value>(sent);
    BOOST_TEST(identical(seen.as<T>(), each), detail::type_name<T>()
                                                  << " changed in a value: " << sent.text());
    BOOST_TEST(identical(value(each).as<T>(), each),
               detail::type_name<T>() << " changed in a value of its own: " << sent.text());
    // As an argument it is written as it was. (A value does not know a float's NaN from a
    // double's.)
    const auto again = read_back<value>(written(seen));
    BOOST_TEST(identical(again.as<T>(), each), detail::type_name<T>() << " changed on its way");
    if (!std::is_same_v<T, float>) BOOST_TEST(written(seen).text() == sent.text());
  }
};

BOOST_AUTO_TEST_CASE(through_a_value_of_no_static_type) {
  for_each_sample(all_through_values);
  for_each_unordered_sample(all_through_values);
}

BOOST_AUTO_TEST_CASE(sizes_around_the_attachment_threshold) {
  for (const std::size_t size : {attachment_threshold - 1, attachment_threshold,
                                 attachment_threshold + 1, 8 * attachment_threshold + 5}) {
    const std::string text = long_text(size);
    const json_message sent = written(text);
    BOOST_TEST(sent.attachments.size() == (size < attachment_threshold ? 0u : 1u));
    BOOST_TEST((read_back<std::string>(sent) == text));
    comes_back(std::string(size, 'x'));
    comes_back(std::vector<char>(text.begin(), text.end()));
    comes_back(std::vector<unsigned char>(text.begin(), text.end()));
    comes_back(std::vector<signed char>(text.begin(), text.end()));
    comes_back(std::vector<double>(size / 8, -0.1));
    comes_back(std::vector<float>(size / 4, std::numeric_limits<float>::signaling_NaN()));
    comes_back(std::vector<std::uint64_t>(size / 8, ~std::uint64_t{0}));
    comes_back(std::vector<detail::int128>(size / 16, static_cast<detail::int128>(1) << 100));
    comes_back(std::vector<colour>(size / 8, colour::red));
    comes_back(std::vector<char16_t>(size / 2, u'\xd800'));
    comes_back(std::u16string(size / 2, u'\u20ac'));
    comes_back(std::u32string(size, U'\U0010ffff'));
    comes_back(bits(size));
    comes_back(std::vector(3, text));
    BOOST_TEST(identical(value(text).as<std::string>(), text));
    BOOST_TEST(identical(value(std::vector<double>(size / 8, 0.1)).as<std::vector<double>>(),
                         std::vector<double>(size / 8, 0.1)));
  }
}

BOOST_AUTO_TEST_CASE(contiguous_numbers_are_a_list_to_everybody_else) {
  const std::vector<int> numbers(attachment_threshold, -7);
  const json_message sent = written(numbers);
  BOOST_TEST(sent.text() == R"({"$a":["i4",0]})");
  BOOST_TEST((read_back<std::vector<std::int64_t>>(sent) ==
              std::vector<std::int64_t>(attachment_threshold, -7)));
  BOOST_TEST((read_back<std::list<signed char>>(sent).size() == attachment_threshold));
  BOOST_TEST(
      (read_back<std::vector<double>>(sent) == std::vector<double>(attachment_threshold, -7.0)));
  BOOST_TEST((read_back<std::vector<std::variant<bool, int>>>(sent).back() ==
              std::variant<bool, int>(-7)));
  BOOST_TEST(complaint([&] { read_back<std::vector<unsigned>>(sent); }) ==
             "args[0][0]: -7 is out of range: 0 to 4294967295");
  BOOST_TEST(complaint([&] { read_back<std::vector<double>>(sent, {}, false); }) ==
             "args[0][0]: expected a floating-point number, not an integer");
  const std::vector<float> reals(attachment_threshold, 0.1f);
  BOOST_TEST((read_back<std::vector<double>>(written(reals)).back() == double{0.1f}));
  const std::vector<detail::uint128> wide(attachment_threshold, ~detail::uint128{0});
  BOOST_TEST(bool(read_back<std::list<detail::uint128>>(written(wide)).back() == wide.back()));
  const std::vector<float> nans(attachment_threshold, std::numeric_limits<float>::signaling_NaN());
  BOOST_TEST(identical(read_back<std::list<float>>(written(nans)).back(), nans.back()));
}

BOOST_AUTO_TEST_CASE(more_large_elements_than_attachments) {
  limits few;
  few.attachments = 3;
  const std::vector texts(10, long_text(attachment_threshold));
  const json_message sent = written(texts, few);
  BOOST_TEST(sent.attachments.size() == 3u);
  BOOST_TEST((read_back<std::vector<std::string>>(sent, few) == texts));
  const std::vector numbers(10, std::vector<double>(attachment_threshold, -0.5));
  std::vector moved = numbers;
  BOOST_TEST(
      (read_back<std::vector<std::vector<double>>>(written(std::move(moved), few)) == numbers));
}

BOOST_AUTO_TEST_CASE(large_temporaries_are_not_copied) {
  std::vector<double> numbers(attachment_threshold, 1.5);
  const void* const there = numbers.data();
  const json_message sent = written(std::move(numbers));
  BOOST_TEST(sent.attachments.at(0).bytes.data() == there);
  std::string text(attachment_threshold, 'x');
  const void* const text_there = text.data();
  BOOST_TEST(written(std::move(text)).attachments.at(0).bytes.data() == text_there);
  std::vector<std::string> inside{std::string(attachment_threshold, 'x')};
  const void* const inside_there = inside[0].data();
  BOOST_TEST(written(std::move(inside)).attachments.at(0).bytes.data() == inside_there);
}

BOOST_AUTO_TEST_CASE(lvalues_are_copied_and_borrowed_ones_are_not) {
  std::vector<double> numbers(attachment_threshold, 1.5);
  const json_message copied = written(numbers);
  const json_message lent = written(borrow(numbers));
  BOOST_TEST(lent.attachments.at(0).bytes.data() == static_cast<const void*>(numbers.data()));
  numbers.assign(numbers.size(), 0);
  BOOST_TEST(read_back<std::vector<double>>(copied).back() == 1.5);
  BOOST_TEST(read_back<std::vector<double>>(lent).back() == 0.0);
}

BOOST_AUTO_TEST_CASE(views_are_read_as_what_they_look_at) {
  BOOST_TEST(read_back<std::string>(written(std::string_view("a\0b", 3))) == "a\0b"s);
  BOOST_TEST(read_back<std::string>(written("literal")) == "literal");
  const std::vector<std::string> texts{"a", "b"};
  BOOST_TEST((read_back<std::vector<std::string>>(written(std::span(texts))) == texts));
  const std::vector numbers{1, 2, 3};
  BOOST_TEST((read_back<std::vector<int>>(written(std::span(numbers))) == numbers));
  BOOST_TEST((read_back<std::vector<int>>(written(std::span<const int>())).empty()));
  const char* const none = nullptr;
  BOOST_TEST(complaint([&] { written(none); }) == "args[0]: a null pointer is no string");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(forms)

template <class T>
std::string form(const T& value) {
  return written(value).text();
}

BOOST_AUTO_TEST_CASE(numbers) {
  BOOST_TEST(form(1) == "1");
  BOOST_TEST(form(1.0) == "1.0");
  BOOST_TEST(form(-0.0) == "-0.0");
  BOOST_TEST(form(1e300) == "1e+300");
  BOOST_TEST(form(0.1) == "0.1");
  BOOST_TEST(form(0.5f) == "0.5");
  BOOST_TEST(form(0.1f) == "0.10000000149011612");  // what the float is, for who reads a double
  BOOST_TEST(form(std::numeric_limits<double>::quiet_NaN()) == R"({"$f":"7ff8000000000000"})");
  BOOST_TEST(form(-std::numeric_limits<float>::infinity()) == R"({"$f":"fff0000000000000"})");
  BOOST_TEST(form(std::numeric_limits<float>::quiet_NaN()) == R"({"$f":"7fc00000"})");
  BOOST_TEST(form(1.5L) == "1.5");
  BOOST_TEST(form(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(form(static_cast<detail::int128>(5)) == "5");
  BOOST_TEST(form(static_cast<detail::uint128>(1) << 64) == R"({"$i":"18446744073709551616"})");
  BOOST_TEST(form('a') == R"("a")");
  BOOST_TEST(form('\xff') == "-1");
  BOOST_TEST(form(U'\u20ac') == "\"\u20ac\"");
}

BOOST_AUTO_TEST_CASE(texts_and_bytes) {
  BOOST_TEST(form("a\"\\\n\x01\u00e4"s) == "\"a\\\"\\\\\\n\\u0001\u00e4\"");
  BOOST_TEST(form("\xff"s) == R"({"$s":"/w=="})");
  BOOST_TEST(form(u"\u20ac"s) == "\"\u20ac\"");
  BOOST_TEST(form(u"\xd800"s) == R"({"$s16":"ANg="})");
  BOOST_TEST(form(std::vector{std::byte{1}, std::byte{2}}) == R"({"$b":"AQI="})");
}

BOOST_AUTO_TEST_CASE(containers) {
  BOOST_TEST(form(std::vector{1, 2}) == "[1,2]");
  BOOST_TEST(form(std::tuple(1, "x"s, 2.0)) == R"([1,"x",2.0])");
  BOOST_TEST(form(std::map<std::string, int>{{"a", 1}, {"b", 2}}) == R"({"a":1,"b":2})");
  BOOST_TEST(form(std::map<int, int>{{1, 2}}) == R"({"$m":[[1,2]]})");
  BOOST_TEST(form(std::map<std::string, int>{{"\xff", 1}}) == R"({"$m":[[{"$s":"/w=="},1]]})");
  BOOST_TEST(form(std::multimap<std::string, int>{{"a", 1}, {"a", 1}}) ==
             R"({"$m":[["a",1],["a",1]]})");
  BOOST_TEST(form(std::variant<int, double>(2.0)) == R"({"$v":[1,2.0]})");
  BOOST_TEST(form(std::optional<int>()) == "null");
  BOOST_TEST(form(std::optional(5)) == "5");
  using two = std::optional<std::optional<int>>;
  BOOST_TEST(form(std::vector{two(), two(std::in_place), two(std::in_place, 5)}) ==
             R"([null,{"$o":null},5])");
  using three = std::optional<two>;
  BOOST_TEST(form(three(two(std::in_place))) == R"({"$o":{"$o":null}})");
  comes_back(
      std::vector{three(), three(two()), three(two(std::in_place)), three(two(std::in_place, 5))});
  BOOST_TEST(form(std::optional<value>(std::in_place)) == R"({"$o":null})");
}

BOOST_AUTO_TEST_CASE(classes) {
  settings some;
  some.x = 1;
  some.name = "n";
  BOOST_TEST(form(some) ==
             R"({"x":1.0,"y":0.0,"name":"n","level":null,"origin":null,"grid":[[0,0,0],[0,0,0]]})");
  BOOST_TEST(form(nothing{}) == "{}");
  BOOST_TEST(form(ticket(1)) == R"({"$bin":"AQAAAA=="})");
}

BOOST_AUTO_TEST_CASE(times_have_their_unit) {
  using namespace std::chrono;
  BOOST_TEST(form(seconds(5)) == R"({"$t":[1,1,5]})");
  BOOST_TEST(form(milliseconds(5)) == R"({"$t":[1,1000,5]})");
  BOOST_TEST(form(system_clock::time_point(nanoseconds(5))) ==
             R"({"$tp":["system",1,1000000000,5]})");
  BOOST_TEST((read_back<milliseconds>(written(seconds(5))) == milliseconds(5000)));
  BOOST_TEST((read_back<seconds>(written(milliseconds(5000))) == seconds(5)));
  BOOST_TEST((read_back<duration<double>>(written(milliseconds(1500))).count() == 1.5));
  BOOST_TEST(complaint([] { read_back<seconds>(written(milliseconds(1500))); }) ==
             "args[0]: the wanted unit of time cannot express it");
  BOOST_TEST(complaint([] { read_back<nanoseconds>(written(hours(24 * 365 * 1000))); }) ==
             "args[0]: the duration is out of range");
  BOOST_TEST(complaint([] { read_back<seconds>("5"); }) ==
             "args[0]: expected a duration, not an integer");
  BOOST_TEST(complaint([] { read_back<seconds>(written(hours(1)), {}, false); }) ==
             "args[0]: expected a duration of the same unit, not an integer");
  BOOST_TEST(complaint([] {
               read_back<steady_clock::time_point>(written(system_clock::time_point()));
             }) == "args[0]: a point in time of another clock than steady");
}

BOOST_AUTO_TEST_CASE(data_that_looks_like_markers) {
  const std::map<std::string, std::string> user{
      {"$ref", "5"}, {"$$ref", "x"}, {"$", "y"}, {"a$", "z"}};
  BOOST_TEST(form(user) == R"({"$$":"y","$$$ref":"x","$$ref":"5","a$":"z"})");
  comes_back(user);
  comes_back(std::string(R"({"$ref": 5})"));
  for (const char* const name : {"$ref", "$v", "$o", "$s", "$a", "$call", "$fd", "$f"}) {
    const std::map<std::string, std::vector<int>> one{{name, {0, 1}}};
    comes_back(one);
    BOOST_TEST((value(one).as<std::map<std::string, std::vector<int>>>() == one));
    BOOST_TEST(value(one).is_dict());
    BOOST_TEST(value(one).contains(name));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
