// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace codec_fixture {

/// What an encoder writes into.
struct message {
  glovebox::byte_buffer body;
  std::vector<glovebox::attachment> attachments;

  std::vector<std::span<const std::byte>> pieces() const {
    std::vector<std::span<const std::byte>> all;
    for (const auto& each : attachments) all.push_back(each.bytes);
    return all;
  }
  std::vector<unsigned char> bytes() const {
    const auto* const first = reinterpret_cast<const unsigned char*>(body.data());
    return {first, first + body.size()};
  }
};

template <class T>
message write(T&& value, const glovebox::limits& bounds = {}) {
  message made;
  glovebox::encoder out(made.body, made.attachments, bounds);
  glovebox::encode(out, std::forward<T>(value));
  return made;
}

template <class T>
T read(const message& from, const glovebox::limits& bounds = {}) {
  const auto pieces = from.pieces();
  glovebox::decoder in(from.body.view(), pieces, bounds);
  T value = glovebox::decode<T>(in);
  in.finish();
  return value;
}

template <class T>
T read(const std::vector<unsigned char>& bytes, const glovebox::limits& bounds = {}) {
  glovebox::decoder in(std::as_bytes(std::span(bytes)), {}, bounds);
  T value = glovebox::decode<T>(in);
  in.finish();
  return value;
}

/// There and back again, from an lvalue and from an rvalue, which must write the same.
template <class T>
T round_trip(T value) {
  const message copied = write(std::as_const(value));
  const message moved = write(std::move(value));
  if (copied.bytes() != moved.bytes() || copied.attachments.size() != moved.attachments.size())
    throw std::logic_error("an rvalue is written otherwise than an lvalue");
  return read<T>(moved);
}

/// The error of a function that must fail with a codec_error.
template <class F>
glovebox::codec_error error_of(F&& f) {
  try {
    f();
  } catch (const glovebox::codec_error& error) {
    return error;
  }
  throw std::logic_error("no codec_error was thrown");
}

enum class colour : std::uint8_t { red, green, blue };
enum class answer : bool { no, yes };
enum class wide : std::int64_t { lowest = INT64_MIN, highest = INT64_MAX };

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const point&) const = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

/// Has padding between its members.
struct loose {
  char small = 0;
  std::int64_t large = 0;
  bool operator==(const loose&) const = default;
};
BOOST_DESCRIBE_STRUCT(loose, (), (small, large))

struct empty {
  bool operator==(const empty&) const = default;
};
BOOST_DESCRIBE_STRUCT(empty, (), ())

struct tree {
  std::int32_t value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};
BOOST_DESCRIBE_STRUCT(tree, (), (value, children))

/// A described class with something of everything.
struct record {
  bool flag = false;
  colour tint = colour::red;
  answer reply = answer::no;
  std::string name;
  std::optional<std::optional<point>> place;
  std::variant<std::monostate, std::int32_t, std::string, tree> choice;
  std::vector<std::string> words;
  std::vector<bool> bits;
  std::tuple<std::int8_t, double, std::u16string> mixed;
  char fixed[4] = {};
  point corners[2][2] = {};
  std::vector<empty> nothings;
  std::list<std::pair<bool, char>> flags;
  std::deque<float> samples;
  bool operator==(const record& other) const {
    return flag == other.flag && tint == other.tint && reply == other.reply && name == other.name &&
           place == other.place && choice == other.choice && words == other.words &&
           bits == other.bits && mixed == other.mixed &&
           std::equal(fixed, fixed + 4, other.fixed) &&
           std::equal(corners[0], corners[0] + 2, other.corners[0]) &&
           std::equal(corners[1], corners[1] + 2, other.corners[1]) && nothings == other.nothings &&
           flags == other.flags && samples == other.samples;
  }
};
BOOST_DESCRIBE_STRUCT(record, (),
                      (flag, tint, reply, name, place, choice, words, bits, mixed, fixed, corners,
                       nothings, flags, samples))

inline record full_record() {
  record made;
  made.flag = true;
  made.tint = colour::blue;
  made.reply = answer::yes;
  made.name = std::string("n\0me\xff", 5);
  made.place = std::optional<point>(point{-1, 2});
  made.choice = tree{7, {{8, {}}, {9, {{10, {}}}}}};
  made.words = {"", "one", std::string(200, 'x')};
  made.bits = {true, false, true, true, false, false, false, true, true};
  made.mixed = {std::int8_t{-128}, -0.0, u"\xd800z"};
  made.fixed[3] = 'q';
  made.corners[1][0] = {3, 4};
  made.nothings.resize(3);
  made.flags = {{true, 'a'}, {false, 'b'}};
  made.samples = {1.5f, -2.5f};
  return made;
}

/// Containers whose order is not that of the message.
struct tables {
  std::set<std::int16_t> small;
  std::multiset<std::string> repeated;
  std::map<std::string, std::vector<std::int32_t>> lists;
  std::multimap<colour, bool> tints;
  std::unordered_map<std::string, std::optional<double>> values;
  bool operator==(const tables&) const = default;
};
BOOST_DESCRIBE_STRUCT(tables, (), (small, repeated, lists, tints, values))

inline tables full_tables() {
  return {{-3, 0, 7},
          {"a", "a", "b"},
          {{"x", {1, 2, 3}}, {"", {}}},
          {{colour::red, true}, {colour::red, false}, {colour::blue, true}},
          {{"none", std::nullopt}, {"pi", 3.14}}};
}

}  // namespace codec_fixture
