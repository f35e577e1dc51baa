// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>

#include <boost/describe/class.hpp>
#include <filesystem>
#include <limits>
#include <ratio>
#include <stdexcept>

namespace glovebox::test {

// ---- types of users

enum class colour : std::int64_t { red = std::numeric_limits<std::int64_t>::min(), green = 7 };
enum class flag : bool { off, on };

struct point {
  double x = 0;
  double y = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct settings : point {
  std::string name;
  std::optional<int> level;
  std::optional<point> origin;
  int grid[2][3] = {};
};
BOOST_DESCRIBE_STRUCT(settings, (point), (name, level, origin, grid))

class account {
 public:
  account() = default;
  explicit account(std::int64_t start) : balance_(start) {}
  bool operator==(const account&) const = default;

 private:
  std::int64_t balance_ = 0;
  std::vector<std::string> owners_{"nobody"};
  BOOST_DESCRIBE_CLASS(account, (), (), (), (balance_, owners_))
};

struct tree {
  int value = 0;
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (value, children))

struct nothing {};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

/// Can only be moved.
class ticket {
 public:
  ticket() = default;
  explicit ticket(int number) : number_(number) {}
  ticket(ticket&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  ticket& operator=(ticket&& other) noexcept {
    number_ = std::exchange(other.number_, 0);
    return *this;
  }
  int number() const { return number_; }
  bool operator==(const ticket& other) const { return number_ == other.number_; }

 private:
  int number_ = 0;
};

struct booking {
  ticket seat;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(booking, (), (seat, name))

/// Its construction fails on demand, which leaves a variant without a value.
struct fragile {
  fragile() = default;
  explicit fragile(const char* why) { throw std::runtime_error(why); }
  fragile(const fragile& other) : x(other.x) {}
  fragile& operator=(const fragile&) = default;
  int x = 0;
};
BOOST_DESCRIBE_STRUCT(fragile, (), (x))
using breakable = std::variant<int, fragile, std::string>;
inline breakable without_value() {
  breakable made = 1;
  try {
    made.emplace<fragile>("broken");
  } catch (const std::runtime_error&) {
  }
  if (!made.valueless_by_exception()) throw std::logic_error("it has a value");
  return made;
}

}  // namespace glovebox::test

template <>
struct glovebox::codec<glovebox::test::ticket> {
  static void encode(encoder& out, const test::ticket& value) { out.number(value.number()); }
  static test::ticket decode(decoder& in) {
    const int number = in.number<int>();
    if (number < 0) in.fail("a ticket with a negative number");
    return test::ticket(number);
  }
};

namespace glovebox::test {

template <class T>
constexpr auto limits_of() {
  using all = std::numeric_limits<T>;
  return std::array{all::min(), all::max(), T(0), T(1), static_cast<T>(all::max() / 3)};
}
template <class T>
auto floating_samples() {
  using all = std::numeric_limits<T>;
  return std::array{T(0),
                    -T(0),
                    all::denorm_min(),
                    -all::denorm_min(),
                    all::min(),
                    all::max(),
                    all::lowest(),
                    all::epsilon(),
                    all::infinity(),
                    -all::infinity(),
                    all::quiet_NaN(),
                    -all::quiet_NaN(),
                    all::signaling_NaN()};
}

inline char long_text_at(std::size_t i) {
  return static_cast<char>(i * 31 + i / 251);
}
inline std::string long_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i != size; ++i) text[i] = long_text_at(i);
  return text;
}
/// Compares without making another one.
inline bool is_long_text(std::string_view text) {
  for (std::size_t i = 0; i != text.size(); ++i)
    if (text[i] != long_text_at(i)) return false;
  return true;
}
inline std::vector<bool> bits(std::size_t size) {
  std::vector<bool> made(size);
  for (std::size_t i = 0; i != size; ++i) made[i] = i % 3 == 0;
  return made;
}
inline tree chain(int depth) {
  tree top;
  for (int i = 0; i != depth; ++i) {
    tree above;
    above.value = i;
    above.children.push_back(std::move(top));
    top = std::move(above);
  }
  return top;
}

/// Gives `use` several arrays at once, each of values of one kind of type that travels. Those that
/// stand in `for_groups_of_unordered_samples` may come back in another order.
template <class Use>
void for_groups_of_samples(Use&& use) {
  using namespace std::string_literals;
  using namespace std::chrono;
  use(std::array{true, false}, limits_of<char>(), limits_of<signed char>(),
      limits_of<unsigned char>(), limits_of<wchar_t>(), limits_of<char8_t>(), limits_of<char16_t>(),
      limits_of<char32_t>());
  use(limits_of<short>(), limits_of<unsigned short>(), limits_of<int>(), limits_of<unsigned>(),
      limits_of<long>(), limits_of<unsigned long>(), limits_of<long long>(),
      limits_of<unsigned long long>());
  constexpr detail::uint128 wide = ~detail::uint128{0};
  use(std::array{wide, wide / 3},
      std::array{static_cast<detail::int128>(wide / 2), -static_cast<detail::int128>(wide / 2) - 1},
      floating_samples<float>(), floating_samples<double>(), floating_samples<long double>(),
      std::array{std::complex<double>(-0.0, std::numeric_limits<double>::quiet_NaN())},
      std::array{std::byte{0}, std::byte{255}},
      std::array{colour::red, colour::green, static_cast<colour>(12345)},
      std::array{flag::on, flag::off});
  use(std::array{""s, "a"s, "nul\0inside"s, "\xff\xfe not UTF-8 \xc0"s, R"({"$ref": 5})"s},
      std::array{L""s, L"wide \U0001F600"s}, std::array{u8"\u00e4"s}, std::array{u"\xd800 alone"s},
      std::array{U"\U0010ffff"s, std::u32string(1, static_cast<char32_t>(-1))},
      std::array{std::filesystem::path(), std::filesystem::path("/a//b/../\xff")});

  use(std::array{std::vector<int>{}, std::vector{1, -2, 3}},
      std::array{std::vector{std::byte{1}, std::byte{0}}},
      std::array{std::vector{flag::on, flag::off}}, std::array{std::vector{1.5L, -0.0L}},
      std::array{bits(0), bits(1), bits(7), bits(8), bits(9), bits(100)},
      std::array{std::vector<std::string>{}, std::vector{""s, "two"s}},
      std::array{std::vector<std::vector<short>>{{}, {1}, {2, 3}}},
      std::array{std::vector<std::monostate>(10)});
  use(std::array<std::array<int, 3>, 2>{{{1, 2, 3}, {}}},
      std::array<std::array<std::string, 2>, 1>{{{"a", "b"}}}, std::array<std::array<int, 0>, 1>{},
      std::array<std::array<std::string, 0>, 1>{}, std::array{std::deque{1, 2}},
      std::array{std::list{"l"s}},
      std::array{std::forward_list{1u, 2u, 3u}, std::forward_list<unsigned>{}});

  using nested = std::optional<std::optional<int>>;
  using close = std::variant<int, unsigned, long, float, double, bool, char, std::string, int>;
  use(std::array{std::optional<int>(), std::optional(0)},
      std::array{nested(), nested(std::in_place), nested(std::in_place, 5)},
      std::array{close(std::in_place_index<0>, 1), close(std::in_place_index<8>, 1), close(1u),
                 close(1L), close(1.0f), close(1.0), close(true), close('\1'), close("1"s)},
      std::array{std::variant<std::monostate, point>(),
                 std::variant<std::monostate, point>(point{})},
      std::array{std::pair(1, "one"s)}, std::array{std::tuple(1, 2.0, "three"s, std::tuple(4))},
      std::array{std::tuple<>()});
  use(std::array{nanoseconds::min(), nanoseconds::max(), nanoseconds(0)},
      std::array{duration<double, std::ratio<1, 3>>(-0.0)}, std::array{hours(5)},
      std::array{system_clock::time_point::max(), system_clock::time_point::min()},
      std::array{steady_clock::time_point(nanoseconds(1))},
      std::array{std::error_code(), std::make_error_code(std::errc::timed_out)},
      std::array{std::bitset<0>()}, std::array{std::bitset<13>(0x1555), std::bitset<13>()});

  settings full;
  full.x = 1;
  full.name = "full";
  full.level = 3;
  full.origin = point{1, 2};
  full.grid[1][2] = 6;
  std::array bookings{booking{}, booking{}};
  bookings[1].seat = ticket(5);
  use(std::array{point{1, -0.0}}, std::array{settings{}, full},
      std::array{account(std::numeric_limits<std::int64_t>::min()), account()},
      std::array{chain(0), chain(10)}, std::array{nothing{}}, std::array{ticket(0), ticket(9)},
      std::move(bookings));
}

template <class Use>
void for_groups_of_unordered_samples(Use&& use) {
  using namespace std::string_literals;
  use(std::array{std::set<std::string>{}, std::set{""s, "b"s}}, std::array{std::multiset{1, 1, 2}},
      std::array{std::unordered_set{1, 2, 3}}, std::array{std::unordered_multiset{"x"s, "x"s}},
      std::array{std::map<std::pair<int, int>, std::string>{{{1, 2}, "a"}, {{0, 9}, ""}}},
      std::array{std::map<std::vector<int>, std::optional<double>>{{{}, {}}, {{1}, 2.0}}},
      std::array{std::map<double, int, std::greater<>>{{-0.5, 1}, {1e300, 2}}},
      std::array{std::multimap<char, int>{{'a', 1}, {'a', 2}}},
      std::array{std::unordered_map<int, std::vector<std::string>>{{1, {"a", "b"}}, {2, {}}}},
      std::array{std::unordered_multimap<int, int>{{1, 1}, {1, 1}}});
}

/// The same, one array at a time.
template <class Use>
void for_each_sample(Use&& use) {
  for_groups_of_samples([&]<class... A>(A&&... values) { (use(std::forward<A>(values)), ...); });
}
template <class Use>
void for_each_unordered_sample(Use&& use) {
  for_groups_of_unordered_samples(
      [&]<class... A>(A&&... values) { (use(std::forward<A>(values)), ...); });
}

}  // namespace glovebox::test
