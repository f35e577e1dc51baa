// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Classes with Boost.Describe, own codecs, values that are taken over, and which types travel.
#include "codec_fixture.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include <boost/test/unit_test.hpp>

namespace codec_described_test {

using namespace codec_fixture;
using glovebox::attachment_threshold;
using glovebox::transferable;

class base {
 public:
  std::string title() const { return title_; }

 protected:
  base() = default;
  explicit base(std::string title) : title_(std::move(title)) {}

 private:
  std::string title_;
  BOOST_DESCRIBE_CLASS(base, (), (), (), (title_))
};

struct tag {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(tag, (), (number))

// Private members, a base without a public constructor, and a private one.
class document : public base, private tag {
 public:
  document() = default;
  document(std::string title, int count, std::vector<double> data)
      : base(std::move(title)), tag{count}, data_(std::move(data)) {}
  bool operator==(const document& other) const {
    return title() == other.title() && number == other.number && data_ == other.data_;
  }
  int transient = 0;  // not described

 protected:
  std::vector<double> data_;
  BOOST_DESCRIBE_CLASS(document, (base, tag), (), (data_), ())
};

class abstract {
 public:
  virtual ~abstract() = default;
  virtual int run() const = 0;
  int depth = 0;
};
BOOST_DESCRIBE_STRUCT(abstract, (), (depth))
struct concrete : abstract {
  int run() const override { return depth + width; }
  int width = 0;
};
BOOST_DESCRIBE_STRUCT(concrete, (abstract), (width))

struct move_only {
  move_only() = default;
  explicit move_only(std::string with) : text(std::move(with)) {}
  move_only(move_only&&) = default;
  move_only& operator=(move_only&&) = default;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(move_only, (), (text))

struct holder {
  move_only first;
  std::vector<move_only> more;
  std::optional<move_only> last;
};
BOOST_DESCRIBE_STRUCT(holder, (), (first, more, last))

struct picture {
  int width = 0;
  std::vector<std::uint8_t> pixels;
};
BOOST_DESCRIBE_STRUCT(picture, (), (width, pixels))

template <class T>
struct generic {
  T value{};
  bool operator==(const generic&) const = default;
  BOOST_DESCRIBE_CLASS(generic, (), (value), (), ())
};

// A fraction is written by its own codec, which refuses a zero denominator.
class fraction {
 public:
  fraction(int over, int under) : over_(over), under_(under) {}
  int over() const { return over_; }
  int under() const { return under_; }
  bool operator==(const fraction&) const = default;

 private:
  int over_, under_;
};

struct opaque {
  int value = 0;
};
struct no_default {
  explicit no_default(int with) : value(with) {}
  int value;
};
BOOST_DESCRIBE_STRUCT(no_default, (), (value))
struct immovable {
  immovable() = default;
  immovable(const immovable&) = delete;
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(immovable, (), (value))
struct incomplete;
union either {
  int a;
  float b;
};

}  // namespace codec_described_test

template <>
struct glovebox::codec<codec_described_test::fraction> {
  static void encode(encoder& out, const codec_described_test::fraction& value) {
    out.number(value.over());
    out.number(value.under());
  }
  static codec_described_test::fraction decode(decoder& in) {
    const int over = in.number<int>();
    const int under = in.number<int>();
    if (under == 0) in.fail("a zero denominator");
    return {over, under};
  }
};

BOOST_AUTO_TEST_SUITE(codec_described_test)

// ---- what travels is known at compile time

static_assert(transferable<int> && transferable<const int&> && transferable<long double>);
static_assert(transferable<std::vector<std::map<std::string, std::optional<tree>>>>);
static_assert(transferable<std::filesystem::path> && transferable<std::error_code>);
static_assert(transferable<document> && transferable<holder> && transferable<fraction>);
static_assert(transferable<concrete> && !transferable<abstract>);
static_assert(transferable<std::vector<fraction>> && transferable<std::array<fraction, 2>>);
static_assert(!transferable<int*> && !transferable<void*> && !transferable<void>);
static_assert(!transferable<std::nullptr_t> && !transferable<int (*)(int)> && !transferable<int()>);
static_assert(!transferable<std::unique_ptr<int>> && !transferable<std::shared_ptr<int>>);
static_assert(!transferable<std::vector<int*>> && !transferable<std::optional<std::thread>>);
static_assert(!transferable<std::map<int, opaque>> && !transferable<std::map<opaque, int>>);
static_assert(!transferable<std::variant<int, opaque>> && !transferable<std::pair<int, opaque>>);
static_assert(!transferable<std::tuple<int&>> && !transferable<std::pair<int, const int&>>);
static_assert(!transferable<std::reference_wrapper<int>> && !transferable<std::function<void()>>);
static_assert(!transferable<opaque> && !transferable<incomplete> && !transferable<either>);
static_assert(!transferable<no_default> && !transferable<immovable>);
static_assert(!transferable<std::set<int, bool (*)(int, int)>>);  // it would compare with null
static_assert(!transferable<int[3]> && !transferable<std::thread>);
// Sent, but as something else.
static_assert(glovebox::encodable<std::string_view> && !transferable<std::string_view>);
static_assert(glovebox::encodable<std::span<const int>> && !transferable<std::span<const int>>);
static_assert(glovebox::encodable<const char*> && !transferable<const char*>);
static_assert(!transferable<std::vector<std::string_view>>);
static_assert(glovebox::is_borrowed_v<decltype(glovebox::borrow(std::span<const int>()))>);

BOOST_AUTO_TEST_SUITE(described)

BOOST_AUTO_TEST_CASE(structs_and_classes) {
  BOOST_TEST((round_trip(point{INT32_MIN, 7}) == point{INT32_MIN, 7}));
  BOOST_TEST(write(point{1, 2}).body.size() == 8u);
  BOOST_TEST((round_trip(empty{}) == empty{}));
  BOOST_TEST(write(empty{}).body.empty());
  BOOST_TEST((round_trip(full_record()) == full_record()));
  BOOST_TEST((round_trip(record()) == record()));
  BOOST_TEST((round_trip(generic<std::string>{"x"}) == generic<std::string>{"x"}));

  const document original("title", 42, {0.5, -0.5});
  BOOST_TEST((round_trip(original) == original));
  document changed = original;
  changed.transient = 5;
  BOOST_TEST(round_trip(changed).transient == 0);

  concrete with_base;
  with_base.depth = 3;
  with_base.width = 4;
  BOOST_TEST(round_trip(with_base).run() == 7);
}

BOOST_AUTO_TEST_CASE(move_only_members) {
  holder original;
  original.first.text = "first";
  original.more.emplace_back("second");
  original.last.emplace("third");
  const auto back = read<holder>(write(std::move(original)));
  BOOST_TEST(back.first.text == "first");
  BOOST_TEST(back.more.at(0).text == "second");
  BOOST_TEST(back.last.value().text == "third");
}

BOOST_AUTO_TEST_CASE(own_codecs) {
  BOOST_TEST((round_trip(fraction(1, 2)) == fraction(1, 2)));
  const std::vector<fraction> many{{1, 2}, {3, 4}};
  BOOST_TEST((round_trip(many) == many));
  BOOST_TEST((round_trip(std::map<int, fraction>{{1, {5, 6}}}).at(1) == fraction(5, 6)));
  const auto error = error_of([] {
    read<std::vector<fraction>>(write(std::vector<fraction>{{1, 1}, {1, 0}}));
  });
  BOOST_TEST(error.path() == "[1]");
  BOOST_TEST(error.what() == "[1]: a zero denominator");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(attachments)

BOOST_AUTO_TEST_CASE(small_values_are_inline) {
  BOOST_TEST(write(std::string(attachment_threshold - 1, 'x')).attachments.empty());
  BOOST_TEST(write(std::string(attachment_threshold, 'x')).attachments.size() == 1u);
  BOOST_TEST(write(std::vector<double>(attachment_threshold / 8)).attachments.size() == 1u);
}

BOOST_AUTO_TEST_CASE(sixty_four_mebibytes) {
  std::string text(64 << 20, '\0');
  for (std::size_t i = 0; i < text.size(); i += 4096) text[i] = static_cast<char>(i >> 12);
  const message sent = write(text);
  BOOST_TEST(sent.attachments.size() == 1u);
  BOOST_TEST(sent.body.size() < 8u);
  BOOST_TEST((sent.attachments[0].owner != nullptr));
  BOOST_TEST((read<std::string>(sent) == text));
}

// What is not needed any more is sent from where it lies, also from inside other values.
BOOST_AUTO_TEST_CASE(rvalues_are_not_copied) {
  const auto is_sent_from = [](const message& sent, const void* place) {
    return sent.attachments.size() == 1 && sent.attachments[0].bytes.data() == place &&
           sent.attachments[0].owner != nullptr;
  };
  std::string text(attachment_threshold, 'x');
  const void* place = text.data();
  BOOST_TEST(!is_sent_from(write(text), place));
  BOOST_TEST(is_sent_from(write(std::move(text)), place));

  picture image{7, std::vector<std::uint8_t>(100'000, 9)};
  place = image.pixels.data();
  BOOST_TEST(!is_sent_from(write(std::as_const(image)), place));
  const message sent = write(std::optional<picture>(std::move(image)));
  BOOST_TEST(is_sent_from(sent, place));
  BOOST_TEST(read<std::optional<picture>>(sent)->pixels == std::vector<std::uint8_t>(100'000, 9));

  std::map<std::string, std::vector<std::tuple<int, std::u32string>>> deep;
  deep["key"].emplace_back(1, std::u32string(attachment_threshold, U'q'));
  place = std::get<1>(deep["key"][0]).data();
  BOOST_TEST(is_sent_from(write(std::move(deep)), place));

  std::variant<int, std::array<std::string, 1>> choice(
      std::array<std::string, 1>{std::string(attachment_threshold, 'v')});
  place = std::get<1>(choice)[0].data();
  BOOST_TEST(is_sent_from(write(std::move(choice)), place));
}

BOOST_AUTO_TEST_CASE(borrowed_elements_are_not_copied) {
  const std::vector<float> numbers(attachment_threshold, 0.5f);
  const message sent = write(glovebox::borrow(numbers));
  BOOST_TEST((sent.attachments.at(0).bytes.data() == static_cast<const void*>(numbers.data())));
  BOOST_TEST((sent.attachments.at(0).owner == nullptr));
  BOOST_TEST(sent.bytes() == write(numbers).bytes());
  BOOST_TEST((read<std::vector<float>>(sent) == numbers));
  // Small ones are as vectors are.
  int few[] = {1, 2};
  BOOST_TEST(read<std::vector<int>>(write(glovebox::borrow(few))) == (std::vector<int>{1, 2}));
  BOOST_TEST(read<std::vector<int>>(write(glovebox::borrow(std::span(few)))) ==
             (std::vector<int>{1, 2}));
}

// A message carries a limited number of attachments; more large strings than that are no error.
BOOST_AUTO_TEST_CASE(more_large_strings_than_attachments) {
  const glovebox::limits bounds{.attachments = 2};
  const std::vector<std::string> words(5, std::string(attachment_threshold, 'w'));
  for (const message& sent : {write(words, bounds), write(std::vector(words), bounds)}) {
    BOOST_TEST(sent.attachments.size() == 2u);
    BOOST_TEST((read<std::vector<std::string>>(sent, bounds) == words));
  }
}

BOOST_AUTO_TEST_CASE(larger_than_a_message) {
  const glovebox::limits bounds{.message_bytes = 20'000};
  const std::string large(20'001, 'x');
  BOOST_CHECK_THROW(write(large, bounds), glovebox::codec_error);
  BOOST_CHECK_THROW(write(std::string(large), bounds), glovebox::codec_error);
  BOOST_TEST(write(std::string(20'000, 'x'), bounds).attachments.size() == 1u);
}

BOOST_AUTO_TEST_CASE(unaligned_bytes) {
  const std::vector<double> numbers(attachment_threshold, 1.25);
  const message sent = write(numbers);
  std::vector<std::byte> shifted(sent.attachments[0].bytes.size() + 1);
  std::memcpy(shifted.data() + 1, sent.attachments[0].bytes.data(), shifted.size() - 1);
  const std::span<const std::byte> pieces[] = {std::span(shifted).subspan(1)};
  glovebox::decoder in(sent.body.view(), pieces);
  BOOST_TEST((glovebox::decode<std::vector<double>>(in) == numbers));
  in.finish();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
