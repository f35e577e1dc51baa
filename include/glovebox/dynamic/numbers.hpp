// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/numbers.hpp>
#include <glovebox/dynamic/core.hpp>

#include <complex>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace glovebox {

namespace detail {

template <class T>
inline constexpr bool is_character =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
    std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

template <std::size_t Size, bool Signed>
struct integer_of;
template <>
struct integer_of<1, true> {
  using type = std::int8_t;
};
template <>
struct integer_of<1, false> {
  using type = std::uint8_t;
};
template <>
struct integer_of<2, false> {
  using type = std::uint16_t;
};
template <>
struct integer_of<4, true> {
  using type = std::int32_t;
};
template <>
struct integer_of<4, false> {
  using type = std::uint32_t;
};

/// The number as which contiguous elements cross: enumerations and characters are integers.
template <class T>
struct bulk_number {
  using type = T;
};
template <class T>
requires is_character<T>
struct bulk_number<T> : integer_of<sizeof(T), std::is_signed_v<T>> {
};
template <class T>
requires std::is_enum_v<T>
struct bulk_number<T> : bulk_number<std::underlying_type_t<T>> {
};

/// The code of such a number in an attachment.
template <class T>
constexpr std::string_view number_code() {
  constexpr std::string_view unsigned_codes[] = {"u1", "u2", "u4", "u8", "u16"};
  constexpr std::string_view signed_codes[] = {"i1", "i2", "i4", "i8", "i16"};
  if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? "f4" : "f8";
  else
    return (T(-1) < T(0) ? signed_codes : unsigned_codes)[std::bit_width(sizeof(T)) - 1];
}

/// Whether a character of `width` bytes can be written as text of its own.
constexpr bool is_code_point(std::uint32_t unit, std::size_t width) {
  if (width == 1) return unit < 0x80;
  return unit <= 0x10ffff && (unit < 0xd800 || unit > 0xdfff);
}
GLOVEBOX_API void write_character(json_writer& out, char32_t code);
/// Reads a character of at most that code point, or, where none can be, an integer.
GLOVEBOX_API bool read_character(json_reader& in, std::size_t width, char32_t& code);

}  // namespace detail

/// By value: readers of another width may take it, if it fits.
template <class T>
requires((std::is_integral_v<T> && !detail::is_character<T>) ||
         detail::is_int128<T>) struct dynamic_codec<T> {
  static void write(json_writer& out, T value) { out.integer(value); }
  static T read(json_reader& in) { return in.integer<T>(); }
};

template <>
struct dynamic_codec<bool> {
  static void write(json_writer& out, bool value) { out.boolean(value); }
  static bool read(json_reader& in) { return in.boolean(); }
};

/// As text of one character; a unit that is none by itself (half of a surrogate pair, a part of
/// UTF-8) as a number.
template <class T>
requires detail::is_character<T>
struct dynamic_codec<T> {
  using number = typename detail::bulk_number<T>::type;
  static void write(json_writer& out, T value) {
    const auto unit = static_cast<std::uint32_t>(static_cast<std::make_unsigned_t<number>>(value));
    if (detail::is_code_point(unit, sizeof(T)))
      detail::write_character(out, unit);
    else
      out.integer(static_cast<number>(value));
  }
  static T read(json_reader& in) {
    char32_t code = 0;
    if (detail::read_character(in, sizeof(T), code)) return static_cast<T>(code);
    const auto value = in.integer<number>();
    const auto unit = static_cast<std::uint32_t>(static_cast<std::make_unsigned_t<number>>(value));
    if (detail::is_code_point(unit, sizeof(T))) in.require_conversions("a character");
    return static_cast<T>(value);
  }
};

template <>
struct dynamic_codec<float> {
  static void write(json_writer& out, float value) { out.real(value); }
  static float read(json_reader& in) { return in.single(); }
};
template <>
struct dynamic_codec<double> {
  static void write(json_writer& out, double value) { out.real(value); }
  static double read(json_reader& in) { return in.real(); }
};
template <>
struct dynamic_codec<long double> {
  static void write(json_writer& out, long double value) { out.real(value); }
  static long double read(json_reader& in) { return in.extended(); }
};

/// As its underlying type; any value is accepted, as in the binary form.
template <class T>
requires std::is_enum_v<T>
struct dynamic_codec<T> {
  using number = std::underlying_type_t<T>;
  static void write(json_writer& out, T value) {
    dynamic_codec<number>::write(out, static_cast<number>(value));
  }
  static T read(json_reader& in) { return static_cast<T>(dynamic_codec<number>::read(in)); }
};

/// A list of the real and the imaginary part.
template <class T>
struct dynamic_codec<std::complex<T>> {
  static void write(json_writer& out, const std::complex<T>& value) {
    const json_writer::scope level(out);
    out.begin_list();
    write_dynamic(out, value.real());
    write_dynamic(out, value.imag());
    out.end_list();
  }
  static std::complex<T> read(json_reader& in) {
    T parts[2] = {};
    json_reader::list items(in);
    for (T& each : parts) {
      if (!items.next()) in.fail("a complex number of less than two parts");
      each = read_dynamic<T>(in);
    }
    if (items.next()) in.fail("a complex number of more than two parts");
    return {parts[0], parts[1]};
  }
};

}  // namespace glovebox
