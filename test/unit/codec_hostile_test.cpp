// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "support/identical.hpp"
#include "unit/codec_messages.hpp"
#include "unit/codec_samples.hpp"
#include "unit/counted_memory.hpp"

#include <glovebox/detail/type_name.hpp>

#include <random>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(codec_hostile_test)

using namespace glovebox;
using namespace glovebox::test;

// The budget counts the decoded objects. A container that grows holds its old and its new memory
// for a moment, the new twice as large; hash tables have buckets besides; errors and small blocks
// have an overhead of their own.
constexpr std::uint64_t budget = 64 * 1024;
constexpr std::size_t most_memory = 4 * budget + 16 * 1024;

limits tight() {
  limits bounds;
  bounds.decoded_bytes = budget;
  return bounds;
}

/// Decodes bytes that may be anything: gives the value or nothing, and throws nothing but
/// codec_error, within the memory allowed.
template <class T>
std::optional<T> survived(std::span<const std::byte> body,
                          std::span<const std::span<const std::byte>> attachments = {}) {
  std::optional<T> value;
  bool other = false;
  const std::size_t taken = memory_taken_by([&] {
    try {
      value.emplace(decoded<T>(body, attachments, tight()));
    } catch (const codec_error&) {
    } catch (...) {
      other = true;
    }
  });
  if (other) BOOST_ERROR(detail::type_name<T>() << " failed with something else");
  if (taken > most_memory) BOOST_ERROR(detail::type_name<T>() << " took " << taken << " bytes");
  return value;
}

using wire = std::vector<std::byte>;

template <class T>
wire wire_of(const T& value) {
  const message sent = encoded(value);
  BOOST_REQUIRE(sent.attachments.empty());
  return {sent.body.data(), sent.body.data() + sent.body.size()};
}

BOOST_AUTO_TEST_SUITE(every_sample)

constexpr auto all_truncated = [](const auto& values) {
  using T = typename std::decay_t<decltype(values)>::value_type;
  for (const T& value : values) {
    const wire whole = wire_of(value);
    for (std::size_t size = 0; size != whole.size(); ++size)
      if (survived<T>(std::span(whole).first(size)))
        BOOST_ERROR(detail::type_name<T>() << " was read from " << size << " of its bytes");
    wire longer = whole;
    longer.push_back(std::byte{0});
    if (survived<T>(longer)) BOOST_ERROR(detail::type_name<T>() << " left a byte over");
  }
};

BOOST_AUTO_TEST_CASE(truncated_everywhere_and_with_trailing_bytes) {
  for_each_sample(all_truncated);
  for_each_unordered_sample(all_truncated);
}

// Where the order of elements is the container's own, only what is read is the same again.
template <bool Ordered>
constexpr auto all_flipped = [](const auto& values) {
  using T = typename std::decay_t<decltype(values)>::value_type;
  for (const T& value : values) {
    const wire whole = wire_of(value);
    for (std::size_t bit = 0; bit != whole.size() * 8; ++bit) {
      wire flipped = whole;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      const auto read = survived<T>(flipped);
      if (!read) continue;
      // One value has one form: nothing is read that would not have been written.
      const wire again = wire_of(*read);
      if (Ordered ? again != flipped : !identical(decoded<T>(again, {}), *read))
        BOOST_ERROR(detail::type_name<T>()
                    << " was read from bytes that are not its own, bit " << bit);
    }
  }
};

BOOST_AUTO_TEST_CASE(every_bit_flipped) {
  for_each_sample(all_flipped<true>);
  for_each_unordered_sample(all_flipped<false>);
}

BOOST_AUTO_TEST_CASE(random_bytes) {
  std::mt19937 random(20'26);
  const auto try_type = [&](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    for (int round = 0; round != 300; ++round) {
      wire noise(random() % 200);
      // Small numbers are lengths that fit.
      for (std::byte& each : noise)
        each = static_cast<std::byte>(random() % (random() % 2 ? 256 : 8));
      survived<T>(noise);
    }
  };
  for_each_sample(try_type);
  for_each_unordered_sample(try_type);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hostile_messages)

BOOST_AUTO_TEST_CASE(lengths_are_in_their_shortest_form) {
  BOOST_TEST(refusal<std::string>(bytes_from({0x80, 0x00})) ==
             "args[0]: a length that is not in its shortest form");
  BOOST_TEST(refusal<std::string>(bytes_from({0x81, 0x80, 0x00})) ==
             "args[0]: a length that is not in its shortest form");
  BOOST_TEST(refusal<std::string>(bytes_from({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0x02})) == "args[0]: a length beyond 64 bits");
  BOOST_TEST(refusal<std::string>(bytes_from({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                              0x81, 0x01})) == "args[0]: a length beyond 64 bits");
  BOOST_TEST(refusal<std::string>(bytes_from({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0x01})) == "args[0]: the message ends too early");
}

BOOST_AUTO_TEST_CASE(lengths_of_all_sizes_are_understood) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{16383},
        std::uint64_t{16384}, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    message sent;
    encoder(sent.body, sent.attachments).count(value);
    decoder in(sent.body.view(), {});
    BOOST_TEST(in.count() == value);
    in.finish();
  }
}

BOOST_AUTO_TEST_CASE(keys_that_occur_twice) {
  BOOST_TEST((refusal<std::map<char, char>>(bytes_from({2, 'a', 1, 'a', 2}))) ==
             "args[0][1]: a key that occurs twice");
  BOOST_TEST((refusal<std::unordered_map<char, char>>(bytes_from({2, 'a', 1, 'a', 2}))) ==
             "args[0][1]: a key that occurs twice");
  BOOST_TEST((refusal<std::set<char>>(bytes_from({3, 'a', 'b', 'a'}))) ==
             "args[0][2]: a key that occurs twice");
  BOOST_TEST((refusal<std::unordered_set<char>>(bytes_from({2, 'a', 'a'}))) ==
             "args[0][1]: a key that occurs twice");
  BOOST_TEST((decoded<std::multimap<char, char>>(bytes_from({2, 'a', 1, 'a', 2}), {}).size()) ==
             2u);
}

BOOST_AUTO_TEST_CASE(values_that_nobody_writes) {
  BOOST_TEST(refusal<bool>(bytes_from({2})) == "args[0]: a bool that is neither 0 nor 1");
  BOOST_TEST(refusal<flag>(bytes_from({255})) == "args[0]: a bool that is neither 0 nor 1");
  BOOST_TEST((refusal<std::variant<int, bool>>(bytes_from({7}))) ==
             "args[0]: invalid variant index 7");
  BOOST_TEST(refusal<std::vector<bool>>(bytes_from({3, 2, 0x08})) ==
             "args[0]: a bit beyond the end");
  BOOST_TEST(refusal<std::vector<bool>>(bytes_from({8, 2, 0})) ==
             "args[0]: an invalid number of bits");
  BOOST_TEST(refusal<std::vector<bool>>(bytes_from({1, 0})) ==
             "args[0]: an invalid number of bits");
  BOOST_TEST(refusal<std::bitset<3>>(bytes_from({0x08})) ==
             "args[0]: a bit beyond the end of a bitset");
  BOOST_TEST(refusal<std::vector<int>>(bytes_from({6, 1, 2, 3})) ==
             "args[0]: bulk data that ends inside an element");
  BOOST_TEST(refusal<std::u16string>(bytes_from({2, 1})) ==
             "args[0]: bulk data that ends inside an element");
}

BOOST_AUTO_TEST_CASE(left_over) {
  BOOST_TEST(refusal<bool>(bytes_from({1, 0, 0})) == "2 bytes are left over");
  const wire bulk(attachment_threshold);
  const std::span<const std::byte> one[] = {bulk};
  BOOST_TEST(complaint([&] { decoded<bool>(bytes_from({1}), one); }) ==
             "attachments are left over");
}

BOOST_AUTO_TEST_CASE(attachments_that_are_not_what_was_said) {
  const std::string text(attachment_threshold, 'x');
  const message sent = encoded(text);
  const std::span<const std::byte> whole = sent.attachments.at(0).bytes;
  const auto outcome = [&](std::vector<std::span<const std::byte>> attached) {
    return complaint([&] { decoded<std::string>(sent.body.view(), attached); });
  };
  BOOST_TEST(outcome({whole}) == "");
  BOOST_TEST(outcome({}) == "args[0]: an attachment is missing");
  BOOST_TEST(outcome({whole.first(whole.size() - 1)}) == "args[0]: an attachment of another size");
  BOOST_TEST(outcome({whole, whole}) == "attachments are left over");
}

BOOST_AUTO_TEST_CASE(nesting_without_end) {
  // Trees of one child each, as deep as the message is long.
  wire nested;
  for (int i = 0; i != 200'000; ++i)
    for (const std::byte each : bytes_from({0, 0, 0, 0, 1})) nested.push_back(each);
  BOOST_TEST(!survived<tree>(nested));
  BOOST_TEST(refusal<tree>(nested).find("nested deeper than 128") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(small_messages_that_want_much_memory) {
  // 50,000 elements of a byte each here, and of many there.
  wire greedy = bytes_from({0xd0, 0x86, 0x03});
  greedy.resize(greedy.size() + 50'000);
  BOOST_TEST(survived<std::vector<nothing>>(greedy).has_value());
  BOOST_TEST(!survived<std::list<nothing>>(greedy));
  BOOST_TEST(!survived<std::multiset<char>>(greedy));
  BOOST_TEST(!survived<std::vector<std::string>>(greedy));
  BOOST_TEST((!survived<std::vector<std::array<nothing, 1000>>>(greedy)));
  BOOST_TEST(!survived<std::vector<std::vector<nothing>>>(greedy));
  // Elements without content that announce more of their kind.
  wire nested = bytes_from({10});
  for (int i = 0; i != 10; ++i) nested.insert(nested.end(), greedy.begin(), greedy.end());
  BOOST_TEST(!survived<std::vector<std::vector<nothing>>>(nested));
  // A length beyond every memory.
  BOOST_TEST(!survived<std::vector<bool>>(
      bytes_from({0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
