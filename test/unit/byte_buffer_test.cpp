// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/byte_buffer.hpp>

#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(byte_buffer_test)

using glovebox::byte_buffer;

static_assert(std::is_nothrow_move_constructible_v<byte_buffer>);
static_assert(std::is_nothrow_move_assignable_v<byte_buffer>);

byte_buffer filled(std::size_t size) {
  byte_buffer made;
  for (std::size_t i = 0; i != size; ++i) *made.extend(1) = static_cast<std::byte>(i % 251);
  return made;
}

bool is_filled(const byte_buffer& buffer, std::size_t size) {
  if (buffer.size() != size || buffer.view().size() != size) return false;
  for (std::size_t i = 0; i != size; ++i)
    if (buffer.view()[i] != static_cast<std::byte>(i % 251)) return false;
  return true;
}

// Empty, within the object, its last inline byte, its first byte on the heap, large.
const std::size_t sizes[] = {0, 1, 127, 128, 129, 100'000};

bool is_inline(const byte_buffer& buffer) {
  const auto* const start = reinterpret_cast<const std::byte*>(&buffer);
  return std::greater_equal<>()(buffer.data(), start) &&
         std::less<>()(buffer.data(), start + sizeof buffer);
}

BOOST_AUTO_TEST_CASE(grows) {
  for (const std::size_t size : sizes) {
    const byte_buffer buffer = filled(size);
    BOOST_TEST(is_filled(buffer, size));
    BOOST_TEST(buffer.empty() == (size == 0));
    BOOST_TEST(is_inline(buffer) == (size <= byte_buffer::inline_bytes));
  }
}

BOOST_AUTO_TEST_CASE(appends) {
  byte_buffer buffer;
  buffer.append(nullptr, 0);
  BOOST_TEST(buffer.empty());
  std::string expected;
  for (const std::string& piece : {std::string("abc"), std::string(200, 'x'), std::string()}) {
    buffer.append(piece.data(), piece.size());
    expected += piece;
  }
  BOOST_TEST(std::string(reinterpret_cast<const char*>(buffer.data()), buffer.size()) == expected);
}

BOOST_AUTO_TEST_CASE(copies_and_moves) {
  for (const std::size_t from : sizes)
    for (const std::size_t to : sizes) {
      const byte_buffer source = filled(from);
      byte_buffer copy(source);
      BOOST_TEST(is_filled(copy, from));
      byte_buffer target = filled(to);
      target = source;
      BOOST_TEST(is_filled(target, from));
      BOOST_TEST(is_filled(source, from));

      byte_buffer moved(std::move(copy));
      BOOST_TEST(is_filled(moved, from));
      BOOST_TEST(copy.empty());
      target = filled(to);
      target = std::move(moved);
      BOOST_TEST(is_filled(target, from));
      // What was moved from is empty and usable.
      moved.append("x", 1);
      BOOST_TEST(moved.size() == 1u);
      BOOST_TEST(is_inline(moved));
    }
}

BOOST_AUTO_TEST_CASE(assigned_to_itself) {
  for (const std::size_t size : sizes) {
    byte_buffer buffer = filled(size);
    byte_buffer& same = buffer;
    buffer = same;
    BOOST_TEST(is_filled(buffer, size));
    buffer = std::move(same);
    BOOST_TEST(is_filled(buffer, size));
  }
}

BOOST_AUTO_TEST_CASE(truncated_keeps_its_beginning) {
  for (const std::size_t size : {std::size_t{10}, 10 * byte_buffer::inline_bytes}) {
    byte_buffer buffer;
    const std::vector<std::byte> some(size, std::byte{7});
    buffer.append(some.data(), some.size());
    buffer.truncate(4);
    BOOST_TEST(buffer.size() == 4u);
    const std::byte more{9};
    buffer.append(&more, 1);
    BOOST_TEST((buffer.view()[3] == std::byte{7}));
    BOOST_TEST((buffer.view()[4] == more));
  }
}

BOOST_AUTO_TEST_CASE(cleared_keeps_its_memory_unless_it_is_large) {
  byte_buffer buffer = filled(1000);
  const std::byte* const memory = buffer.data();
  buffer.clear();
  BOOST_TEST(buffer.empty());
  BOOST_TEST((buffer.extend(1000) == memory));
  buffer.extend(byte_buffer::most_kept);
  buffer.clear();
  BOOST_TEST(is_inline(buffer));
  buffer.append("abc", 3);
  BOOST_TEST(buffer.size() == 3u);
}

BOOST_AUTO_TEST_CASE(impossible_sizes) {
  byte_buffer buffer = filled(5);
  BOOST_CHECK_THROW(buffer.extend(static_cast<std::size_t>(-1)), std::bad_alloc);
  BOOST_CHECK_THROW(buffer.extend(static_cast<std::size_t>(-1) / 2), std::bad_alloc);
  BOOST_TEST(is_filled(buffer, 5));
}

BOOST_AUTO_TEST_SUITE_END()
