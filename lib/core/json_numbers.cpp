// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The numbers of json_reader: what was sent, and what it may be read as.
#include <glovebox/dynamic/json_reader.hpp>

#include <array>
#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

namespace glovebox {
namespace {

using detail::dynamic_number;
using detail::int128;
using detail::uint128;
using kind = dynamic_number::kind;

constexpr auto all = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view least_int128 = "-170141183460469231731687303715884105728";
constexpr std::string_view most_int128 = "170141183460469231731687303715884105727";
constexpr std::string_view most_uint128 = "340282366920938463463374607431768211455";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string decimal(bool negative, uint128 magnitude) {
  std::array<char, 48> digits;
  char* at = digits.data() + digits.size();
  do {
    *--at = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) *--at = '-';
  return {at, digits.data() + digits.size()};
}

/// \returns false when it does not fit
bool parse_decimal(std::string_view digits, uint128& magnitude) noexcept {
  magnitude = 0;
  for (const char c : digits) {
    if (!is_digit(c) || __builtin_mul_overflow(magnitude, uint128{10}, &magnitude) ||
        __builtin_add_overflow(magnitude, static_cast<uint128>(c - '0'), &magnitude))
      return false;
  }
  return !digits.empty();
}

constexpr std::uint64_t double_sign = std::uint64_t{1} << 63;
constexpr std::uint64_t double_exponent = std::uint64_t{0x7ff} << 52;
constexpr int narrower = 52 - 23;  // bits of the mantissa that a float does not have

bool is_nan(std::uint64_t bits) noexcept {
  return (bits & ~double_sign) > double_exponent;
}

// A NaN keeps its payload and stays quiet or signalling, which arithmetic does not promise.
std::uint64_t widened(std::uint32_t bits) noexcept {
  const auto value = std::bit_cast<float>(bits);
  if (!std::isnan(value)) return std::bit_cast<std::uint64_t>(static_cast<double>(value));
  return std::uint64_t{bits & 0x80000000u} << 32 | double_exponent |
         std::uint64_t{bits & 0x7fffffu} << narrower;
}

/// The integer as a floating-point number, if that can hold it.
template <class F>
bool exactly(const dynamic_number& from, F& to) noexcept {
  to = static_cast<F>(from.magnitude);
  // From 2^128 on, the way back would overflow.
  if (!(to / 2 < static_cast<F>(uint128{1} << 127))) return false;
  if (static_cast<uint128>(to) != from.magnitude) return false;
  if (from.negative) to = -to;
  return true;
}

}  // namespace

void json_reader::beyond(const dynamic_number& got, std::string_view least,
                         std::string_view most) const {
  fail(decimal(got.negative, got.magnitude) + " is out of range: " + std::string(least) + " to " +
       std::string(most));
}

// The common case: no more than 18 digits, and no marker.
bool json_reader::quick_integer(bool& negative, std::uint64_t& magnitude) {
  space();
  const char* at = at_;
  negative = at != end_ && *at == '-';
  if (negative) ++at;
  const char* const start = at;
  std::uint64_t value = 0;
  while (at != end_ && is_digit(*at)) value = value * 10 + static_cast<std::uint64_t>(*at++ - '0');
  const auto digits = at - start;
  if (digits == 0 || digits > 18 || (digits > 1 && *start == '0')) return false;
  if (at != end_ && (*at == '.' || *at == 'e' || *at == 'E')) return false;
  magnitude = value;
  if (value == 0) negative = false;
  at_ = at;
  return true;
}

std::int64_t json_reader::signed_integer(std::int64_t least, std::int64_t most) {
  dynamic_number got;
  std::uint64_t quick = 0;
  if (quick_integer(got.negative, quick)) {
    const auto value = static_cast<std::int64_t>(quick);
    const std::int64_t result = got.negative ? -value : value;
    if (result >= least && result <= most) return result;
    got.magnitude = quick;
  } else {
    const char* const start = at_;
    got = number("an integer");
    if (got.form != kind::integer) {
      at_ = start;
      mismatch("an integer");
    }
    const auto lowest = static_cast<uint128>(-static_cast<int128>(least));
    if (got.negative ? got.magnitude <= lowest : got.magnitude <= static_cast<uint128>(most))
      return static_cast<std::int64_t>(got.negative ? -static_cast<int128>(got.magnitude)
                                                    : static_cast<int128>(got.magnitude));
  }
  beyond(got, std::to_string(least), std::to_string(most));
}

std::uint64_t json_reader::unsigned_integer(std::uint64_t most) {
  dynamic_number got;
  std::uint64_t quick = 0;
  if (quick_integer(got.negative, quick)) {
    if (!got.negative && quick <= most) return quick;
    got.magnitude = quick;
  } else {
    const char* const start = at_;
    got = number("an integer");
    if (got.form != kind::integer) {
      at_ = start;
      mismatch("an integer");
    }
    if (!got.negative && got.magnitude <= most) return static_cast<std::uint64_t>(got.magnitude);
  }
  beyond(got, "0", std::to_string(most));
}

uint128 json_reader::wide_integer(bool is_signed) {
  const char* const start = at_;
  const dynamic_number got = number("an integer");
  if (got.form != kind::integer) {
    at_ = start;
    mismatch("an integer");
  }
  if (is_signed) {
    constexpr uint128 lowest = uint128{1} << 127;
    if (got.negative ? got.magnitude > lowest : got.magnitude >= lowest)
      beyond(got, least_int128, most_int128);
    return got.negative ? -got.magnitude : got.magnitude;
  }
  if (got.negative) beyond(got, "0", most_uint128);
  return got.magnitude;
}

double json_reader::real() {
  const char* const start = at_;
  const dynamic_number got = number("a floating-point number");
  if (got.form == kind::real) return std::bit_cast<double>(got.bits);
  const char* const behind = at_;
  at_ = start;
  double value = 0;
  if (got.form == kind::integer) {
    require_conversions("a floating-point number");
    if (!exactly(got, value)) fail("a double cannot hold the integer without rounding it");
  } else {
    value = static_cast<double>(got.extended);
    if (static_cast<long double>(value) != got.extended) {
      require_conversions("a double");
      if (std::isinf(value)) fail("the long double is beyond a double");
    }
  }
  at_ = behind;
  return value;
}

float json_reader::single() {
  const char* const start = at_;
  const dynamic_number got = number("a floating-point number");
  const char* const behind = at_;
  at_ = start;
  float value = 0;
  if (got.form == kind::integer) {
    require_conversions("a floating-point number");
    if (!exactly(got, value)) fail("a float cannot hold the integer without rounding it");
  } else if (got.form == kind::real && is_nan(got.bits)) {
    constexpr std::uint64_t lost = (std::uint64_t{1} << narrower) - 1;
    auto mantissa = static_cast<std::uint32_t>(got.bits >> narrower & 0x7fffff);
    if ((got.bits & lost) != 0) {
      require_conversions("a float");
      mantissa |= 0x400000;  // or it might become an infinity
    }
    value = std::bit_cast<float>(static_cast<std::uint32_t>(got.bits >> 32 & 0x80000000u) |
                                 0x7f800000u | mantissa);
  } else {
    const long double sent =
        got.form == kind::real ? std::bit_cast<double>(got.bits) : got.extended;
    value = static_cast<float>(sent);
    if (static_cast<long double>(value) != sent) {
      require_conversions("a float");
      if (std::isinf(value)) fail("the number is beyond a float");
    }
  }
  at_ = behind;
  return value;
}

long double json_reader::extended() {
  const char* const start = at_;
  const dynamic_number got = number("a floating-point number");
  if (got.form == kind::real) return std::bit_cast<double>(got.bits);
  if (got.form == kind::extended) return got.extended;
  const char* const behind = at_;
  at_ = start;
  require_conversions("a floating-point number");
  long double value = 0;
  if (!exactly(got, value)) fail("a long double cannot hold the integer without rounding it");
  at_ = behind;
  return value;
}

dynamic_number json_reader::number(std::string_view wanted) {
  space();
  if (at_ != end_ && (*at_ == '-' || is_digit(*at_))) return literal();
  const std::string_view name = marker();
  if (name != "i" && name != "f" && name != "ld") mismatch(wanted);
  return marked_number(name);
}

dynamic_number json_reader::literal() {
  dynamic_number value;
  if (std::uint64_t quick = 0; quick_integer(value.negative, quick)) {
    value.magnitude = quick;
    return value;
  }
  value.negative = false;
  const char* const start = at_;
  const auto digits = [&] {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    if (first == at_) syntax("a number without a digit");
    return std::string_view(first, static_cast<std::size_t>(at_ - first));
  };
  const bool negative = *at_ == '-';
  if (negative) ++at_;
  const std::string_view whole = digits();
  if (whole.size() > 1 && whole.front() == '0') syntax("a number that begins with a 0");
  if (at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E')) {
    if (!parse_decimal(whole, value.magnitude) || value.magnitude > all ||
        (negative && value.magnitude > std::uint64_t{1} << 63))
      fail("an integer beyond 64 bits");
    value.negative = negative && value.magnitude != 0;
    return value;
  }
  if (*at_ == '.') {
    ++at_;
    digits();
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    digits();
  }
  double number = 0;
  const auto result = std::from_chars(start, at_, number);
  if (result.ec != std::errc() || result.ptr != at_) fail("a number beyond a double");
  value.form = kind::real;
  value.bits = std::bit_cast<std::uint64_t>(number);
  return value;
}

std::uint64_t json_reader::hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && !is_digit(c)) fail("invalid digits");
    value = value << 4 | static_cast<std::uint64_t>(letter ? c - 'a' + 10 : c - '0');
  }
  return value;
}

dynamic_number json_reader::marked_number(std::string_view name) {
  enter(name);
  std::string scratch;
  std::string_view text = quoted(scratch, "digits");
  dynamic_number value;
  if (name == "i") {
    value.negative = text.starts_with('-');
    if (value.negative) text.remove_prefix(1);
    // What fits into 64 bits is written as it is: one value has one form.
    if (text.empty() || text.front() == '0' || !parse_decimal(text, value.magnitude) ||
        value.magnitude <= (value.negative ? uint128{1} << 63 : all) ||
        (value.negative && value.magnitude > uint128{1} << 127))
      fail("invalid digits of an integer beyond 64 bits");
  } else if (name == "f") {
    if (text.size() != 16 && text.size() != 8) fail("invalid digits of a double");
    value.form = kind::real;
    value.bits = text.size() == 16 ? hex(text) : widened(static_cast<std::uint32_t>(hex(text)));
    if (std::isfinite(std::bit_cast<double>(value.bits))) fail("a finite number as a marker");
  } else {
    constexpr bool extended = LDBL_MANT_DIG == 64;
    constexpr std::size_t significant = extended ? 10 : sizeof(long double);
    if (text.size() != 2 * significant) fail("invalid digits of a long double");
    unsigned char bytes[sizeof(long double)] = {};
    for (std::size_t i = 0; i != significant; ++i)
      bytes[significant - 1 - i] = static_cast<unsigned char>(hex(text.substr(2 * i, 2)));
    if constexpr (extended) {
      // Library functions have crashed on the patterns that are no numbers.
      const bool small = bytes[8] == 0 && (bytes[9] & 0x7f) == 0;
      if (!small && (bytes[7] & 0x80) == 0) fail("a long double whose bits are no number");
    }
    value.form = kind::extended;
    std::memcpy(&value.extended, bytes, sizeof bytes);
  }
  leave();
  return value;
}

// ---- contiguous numbers

std::optional<detail::number_array> json_reader::numbers(std::string_view code) {
  const char* const start = at_;
  if (!enter("a")) return {};
  std::string scratch;
  begin_parts();
  const std::string got(quoted(scratch, "a kind of number"));
  if (!code.empty() && got != code) {
    at_ = start;
    return {};
  }
  detail::number_array array;
  constexpr std::array<std::string_view, 12> known{"u1", "i1", "u2",  "i2",  "u4", "i4",
                                                   "u8", "i8", "u16", "i16", "f4", "f8"};
  bool valid = false;
  for (const std::string_view each : known) valid = valid || each == got;
  if (!valid) fail("an unknown kind of number");
  array.kind = got[0];
  array.width = got.size() == 3 ? 16 : static_cast<std::size_t>(got[1] - '0');
  next_part();
  array.bytes = attached();
  end_parts();
  leave();
  if (array.bytes.size() % array.width != 0) fail("contiguous numbers that end inside one");
  return array;
}

bool json_reader::list::next_number() {
  if (!outer_at_) {
    outer_at_ = in_.at_;
    outer_end_ = in_.end_;
  }
  if (next_ * array_.width == array_.bytes.size()) {
    in_.at_ = outer_at_;
    in_.end_ = outer_end_;
    outer_at_ = nullptr;
    return false;
  }
  // Written as text and read again, so that whatever can be read of a list's elements can be read
  // of these. Readers of exactly this kind of number copy them instead.
  const std::byte* const from = array_.bytes.data() + next_ * array_.width;
  const auto as = [&]<class T>(T value) {
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  char* end = text_;
  const auto put = [&](std::string_view text) {
    std::memcpy(end, text.data(), text.size());
    end += text.size();
  };
  const auto integer = [&](auto value) {
    end = std::to_chars(text_, text_ + sizeof text_, value).ptr;
  };
  const auto wide = [&](bool negative, uint128 magnitude) {
    const std::string digits = decimal(negative, magnitude);
    const bool marked = magnitude > (negative ? uint128{1} << 63 : uint128{all});
    if (marked) put("{\"$i\":\"");
    put(digits);
    if (marked) put("\"}");
  };
  const auto real = [&](std::uint64_t bits) {
    const auto value = std::bit_cast<double>(bits);
    if (std::isfinite(value)) {
      end = std::to_chars(text_, text_ + sizeof text_, value).ptr;
      if (std::string_view(text_, static_cast<std::size_t>(end - text_)).find_first_of(".e") ==
          std::string_view::npos)
        put(".0");
    } else {
      put("{\"$f\":\"");
      constexpr std::string_view digits = "0123456789abcdef";
      for (int shift = 60; shift >= 0; shift -= 4) *end++ = digits[bits >> shift & 15];
      put("\"}");
    }
  };
  const bool is_signed = array_.kind == 'i';
  if (array_.kind == 'f' && array_.width == 4)
    real(widened(as(std::uint32_t{})));
  else if (array_.kind == 'f')
    real(as(std::uint64_t{}));
  else if (array_.width == 1)
    is_signed ? integer(int{as(std::int8_t{})}) : integer(int{as(std::uint8_t{})});
  else if (array_.width == 2)
    is_signed ? integer(int{as(std::int16_t{})}) : integer(int{as(std::uint16_t{})});
  else if (array_.width == 4)
    is_signed ? integer(as(std::int32_t{})) : integer(as(std::uint32_t{}));
  else if (array_.width == 8)
    is_signed ? integer(as(std::int64_t{})) : integer(as(std::uint64_t{}));
  else if (const auto value = as(uint128{}); is_signed && static_cast<int128>(value) < 0)
    wide(true, -value);
  else
    wide(false, value);
  in_.at_ = text_;
  in_.end_ = end;
  path_.at(next_++);
  return true;
}

}  // namespace glovebox
