// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "support/identical.hpp"
#include "unit/codec_messages.hpp"
#include "unit/codec_samples.hpp"

#include <glovebox/detail/describe.hpp>

#include <functional>
#include <thread>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(codec_test)

using namespace glovebox;
using namespace glovebox::test;

// ---- what travels and what does not is known to the compiler

struct plain {
  int x;
};
struct no_default {
  explicit no_default(int start) : x(start) {}
  int x;
};
BOOST_DESCRIBE_STRUCT(no_default, (), (x))
union both {
  int a;
  float b;
};

static_assert(transferable<int> && transferable<const std::string&> && transferable<long double>);
static_assert(transferable<std::vector<std::map<int, std::optional<std::string>>>>);
static_assert(transferable<tree> && transferable<std::vector<tree>> && transferable<account>);
static_assert(transferable<ticket> && transferable<std::vector<ticket>>);
static_assert(transferable<std::tuple<>> && transferable<std::pair<const int, std::string>>);
static_assert(!transferable<void*> && !transferable<int*> && !transferable<const char*>);
static_assert(!transferable<int (*)()> && !transferable<std::nullptr_t>);
static_assert(!transferable<std::string_view> && !transferable<std::span<const int>>);
static_assert(!transferable<glovebox::borrowed<int>> &&
              !transferable<std::vector<std::string_view>>);
static_assert(!transferable<std::unique_ptr<int>> && !transferable<std::shared_ptr<int>>);
static_assert(!transferable<std::vector<std::unique_ptr<int>>>);
static_assert(!transferable<std::optional<void*>> && !transferable<std::variant<int, void*>>);
static_assert(!transferable<std::map<int, void*>> && !transferable<std::tuple<int, void*>>);
static_assert(!transferable<std::function<void()>> && !transferable<std::thread>);
static_assert(!transferable<std::exception_ptr> && !transferable<std::error_category>);
static_assert(!transferable<plain> && !transferable<no_default> && !transferable<both>);

template <class T>
void comes_back(const T& value) {
  const message sent = encoded(value);
  BOOST_TEST(identical(decoded<T>(sent), value), detail::type_name<T>() << " came back changed");
}
constexpr auto all_come_back = [](const auto& values) {
  for (const auto& value : values) comes_back(value);
};

BOOST_AUTO_TEST_SUITE(values_come_back)

BOOST_AUTO_TEST_CASE(row_23_every_kind) {
  for_each_sample(all_come_back);
  for_each_unordered_sample(all_come_back);
}

BOOST_AUTO_TEST_CASE(the_samples_are_told_apart) {
  // What the other cases rely on.
  BOOST_TEST(!identical(0.0, -0.0));
  BOOST_TEST(!identical(0.0L, -0.0L));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(identical(nan, nan));
  BOOST_TEST(!identical(nan, -nan));
  using nested = std::optional<std::optional<int>>;
  BOOST_TEST(!identical(nested(std::in_place), nested()));
  BOOST_TEST(!identical(chain(3), chain(4)));
  settings a, b;
  b.grid[1][2] = 1;
  BOOST_TEST(!identical(a, b));
  BOOST_TEST(!identical(account(1), account(2)));
}

BOOST_AUTO_TEST_CASE(padding_does_not_leak) {
  BOOST_TEST(encoded(1.0L).body.size() == (LDBL_MANT_DIG == 64 ? 10u : sizeof(long double)));
  BOOST_TEST(encoded(std::vector(3, 1.0L)).body.size() < 3 * sizeof(long double));
}

BOOST_AUTO_TEST_CASE(sizes_around_the_attachment_threshold) {
  for (const std::size_t size : {attachment_threshold - 1, attachment_threshold,
                                 attachment_threshold + 1, 64 * attachment_threshold + 5}) {
    const std::string text = long_text(size);
    const message sent = encoded(text);
    BOOST_TEST(sent.attachments.size() == (size < attachment_threshold ? 0u : 1u));
    BOOST_TEST((decoded<std::string>(sent) == text));
    comes_back(std::vector<char>(text.begin(), text.end()));
    comes_back(std::u32string(size, U'\U0010ffff'));
    comes_back(bits(size));
    comes_back(std::vector(3, text));
    comes_back(std::vector<std::monostate>(size));
  }
}

BOOST_AUTO_TEST_CASE(more_large_elements_than_attachments) {
  limits few;
  few.attachments = 3;
  const std::vector texts(10, long_text(attachment_threshold));
  const message sent = encoded(texts, few);
  BOOST_TEST(sent.attachments.size() == 3u);
  BOOST_TEST((decoded<std::vector<std::string>>(sent, few) == texts));
  const std::vector numbers(10, std::vector<double>(attachment_threshold, -0.5));
  std::vector moved = numbers;
  BOOST_TEST(
      (decoded<std::vector<std::vector<double>>>(encoded(std::move(moved), few)) == numbers));
}

BOOST_AUTO_TEST_CASE(large_temporaries_are_not_copied) {
  std::vector<double> numbers(attachment_threshold, 1.5);
  const void* const there = numbers.data();
  const message sent = encoded(std::move(numbers));
  BOOST_TEST(sent.attachments.at(0).bytes.data() == there);
  BOOST_TEST(sent.attachments.at(0).owner);

  std::string text = long_text(attachment_threshold);
  const void* const text_there = text.data();
  BOOST_TEST(encoded(std::move(text)).attachments.at(0).bytes.data() == text_there);
}

BOOST_AUTO_TEST_CASE(lvalues_are_copied) {
  std::vector<double> numbers(attachment_threshold, 1.5);
  const message sent = encoded(numbers);
  numbers.assign(numbers.size(), 0);
  BOOST_TEST(decoded<std::vector<double>>(sent).back() == 1.5);
}

BOOST_AUTO_TEST_CASE(what_is_borrowed_is_not_copied) {
  const std::vector<float> numbers(attachment_threshold, 2.5f);
  const message sent = encoded(borrow(numbers));
  BOOST_TEST(sent.attachments.at(0).bytes.data() == static_cast<const void*>(numbers.data()));
  BOOST_TEST(!sent.attachments.at(0).owner);
  BOOST_TEST((decoded<std::vector<float>>(sent) == numbers));
  const std::array few{1, 2};
  BOOST_TEST((decoded<std::vector<int>>(encoded(borrow(few))) == std::vector{1, 2}));
}

BOOST_AUTO_TEST_CASE(views_arrive_as_what_they_look_at) {
  BOOST_TEST(decoded<std::string>(encoded(std::string_view("a\0b", 3))) == std::string("a\0b", 3));
  const std::vector<std::string> texts{"a", "b"};
  BOOST_TEST((decoded<std::vector<std::string>>(encoded(std::span(texts))) == texts));
  const std::vector numbers{1, 2, 3};
  BOOST_TEST((decoded<std::vector<int>>(encoded(std::span(numbers))) == numbers));
  BOOST_TEST((decoded<std::vector<int>>(encoded(std::span<const int>())).empty()));
}

BOOST_AUTO_TEST_CASE(constant_elements_of_pairs) {
  const std::map<int, std::string> from{{1, "one"}};
  using pair = std::map<int, std::string>::value_type;
  BOOST_TEST((decoded<pair>(encoded(*from.begin())) == *from.begin()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(errors_name_the_path)

BOOST_AUTO_TEST_CASE(of_the_encoder) {
  std::map<int, std::vector<std::optional<breakable>>> deep;
  deep[5] = {std::nullopt, without_value()};
  BOOST_TEST(complaint([&] { encoded(deep); }) ==
             "args[0][0][1][1].value: a variant without a value");
}

BOOST_AUTO_TEST_CASE(of_the_decoder) {
  // A settings object whose origin's optional says neither yes nor no.
  settings value;
  value.name = "n";
  const message sent = encoded(std::vector{settings(), value});
  std::vector<std::byte> wire(sent.body.data(), sent.body.data() + sent.body.size());
  const std::size_t each = (wire.size() - 1 - 1) / 2;  // a count, and one name of a byte
  const std::size_t origin = 1 + each + 2 * sizeof(double) + 2 + 1;
  wire.at(origin) = std::byte{7};
  BOOST_TEST(refusal<std::vector<settings>>(wire) ==
             "args[0][1].origin: a bool that is neither 0 nor 1");
  try {
    decoded<std::vector<settings>>(wire, {});
  } catch (const codec_error& error) {
    BOOST_TEST(error.path() == "args[0][1].origin");
    BOOST_TEST((error.kind() == errc::bad_value));
  }
  wire.resize(wire.size() - 1);
  wire.at(origin) = std::byte{0};
  BOOST_TEST(refusal<std::vector<settings>>(wire) ==
             "args[0][1].grid[1][2]: the message ends too early");
}

BOOST_AUTO_TEST_CASE(of_every_kind_of_container) {
  BOOST_TEST((refusal<std::map<int, bool>>(bytes_from({1, 9, 0, 0, 0, 5}))) ==
             "args[0][0][1]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::optional<bool>>(bytes_from({1, 2}))) ==
             "args[0].value: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::tuple<bool, bool>>(bytes_from({1, 2}))) ==
             "args[0][1]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::variant<int, bool>>(bytes_from({1, 2}))) ==
             "args[0][1]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::array<bool, 2>>(bytes_from({1, 2}))) ==
             "args[0][1]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::forward_list<bool>>(bytes_from({2, 1, 2}))) ==
             "args[0][1]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<booking>(bytes_from({255, 255, 255, 255}))) ==
             "args[0].seat: a ticket with a negative number");
}

BOOST_AUTO_TEST_CASE(deep_paths_are_shortened) {
  limits deep;
  deep.depth = 1000;
  const message sent = encoded(chain(300), deep);
  const std::string text = refusal<tree>(sent.body.view().first(sent.body.size() - 1), deep);
  BOOST_TEST(text.size() < 600u);
  BOOST_TEST(text.starts_with("args[0].children[0].children[0]"));
  BOOST_TEST(text.find(" ... ") != std::string::npos);
  BOOST_TEST(text.ends_with("children[0].children: the message ends too early"), text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(limits_are_honoured)

BOOST_AUTO_TEST_CASE(depth_in_both_directions) {
  const auto too_deep = [](const std::string& text) {
    return text.find("nested deeper than 128 (limits.depth)") != std::string::npos;
  };
  BOOST_TEST(identical(decoded<tree>(encoded(chain(60))), chain(60)));
  BOOST_TEST(too_deep(complaint([] { encoded(chain(100)); })));
  BOOST_TEST(too_deep(complaint([] { encoded(chain(5000)); })));
  limits deep;
  deep.depth = 1000;
  const message sent = encoded(chain(100), deep);
  BOOST_TEST(identical(decoded<tree>(sent, deep), chain(100)));
  BOOST_TEST(too_deep(complaint([&] { decoded<tree>(sent); })));
}

BOOST_AUTO_TEST_CASE(decoded_bytes) {
  limits tight;
  tight.decoded_bytes = 1000;
  const auto refused = [&]<class T>(const T& value) {
    return complaint([&] { decoded<T>(encoded(value), tight); })
        .ends_with("the value takes more memory than limits.decoded_bytes allows");
  };
  BOOST_TEST(complaint([&] { decoded<std::vector<int>>(encoded(std::vector<int>(250)), tight); }) ==
             "");
  BOOST_TEST(refused(std::vector<int>(251)));
  BOOST_TEST(refused(std::string(1001, 'x')));
  BOOST_TEST(refused(std::vector<bool>(8 * 1001)));
  BOOST_TEST(refused(std::vector<std::monostate>(1001)));
  BOOST_TEST(refused(std::vector<std::string>(40)));
  BOOST_TEST(
      refused(std::set{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}));
  BOOST_TEST(refused(std::vector(11, std::vector<char>(100))));
}

BOOST_AUTO_TEST_CASE(message_bytes) {
  limits tight;
  tight.message_bytes = attachment_threshold + 10;
  const std::vector<std::string> texts{"", std::string(attachment_threshold + 11, 'x')};
  BOOST_TEST(complaint([&] { encoded(texts, tight); }) ==
             "args[0][1]: 16395 bytes exceed the largest message of 16394 (limits.message_bytes)");
}

BOOST_AUTO_TEST_CASE(elements_without_content) {
  comes_back(std::vector<nothing>(200'000));
  comes_back(std::vector<std::tuple<>>(3));
  comes_back(std::list<std::monostate>(3));
  BOOST_TEST((refusal<std::vector<nothing>>(bytes_from({2, 0, 1}))) ==
             "args[0][1]: an element without content that has some");
  BOOST_TEST((refusal<std::vector<nothing>>(bytes_from({0x81, 0x80, 0x04}))) ==
             "args[0]: more elements than the message can hold");
  BOOST_TEST((refusal<std::vector<std::string>>(
                 bytes_from({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}))) ==
             "args[0]: more elements than the message can hold");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(arguments_are_described_for_reports) {
  const auto described = []<class T>(const T& value) {
    std::string text;
    detail::describe_value(value, text);
    return text;
  };
  using namespace std::string_literals;
  BOOST_TEST(described(true) == "true");
  BOOST_TEST(described(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  BOOST_TEST(described(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(described(0.5) == "0.5");
  BOOST_TEST(described("a\"\\\n\0"s) == R"("a\"\\\x0a\x00")");
  BOOST_TEST(described(std::string(1000, 'x')).size() < 200u);
  BOOST_TEST(described(std::vector<int>(3)).ends_with(" of 3"));
  BOOST_TEST(described(point{}).ends_with("point{...}"));
  BOOST_TEST(described(colour::green) == "7");
}

BOOST_AUTO_TEST_SUITE_END()
