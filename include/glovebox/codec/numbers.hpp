// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>

#include <cfloat>
#include <complex>
#include <type_traits>

namespace glovebox {

/// Integers, characters and floating-point numbers, bit by bit: NaN payloads and negative zero
/// survive.
template <class T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool> &&
           !std::is_same_v<T, long double>) ||
          detail::is_int128<T>
struct codec<T> {
  static void encode(encoder& out, T value) { out.number(value); }
  static T decode(decoder& in) { return in.number<T>(); }
};

template <>
struct codec<bool> {
  static void encode(encoder& out, bool value) { out.number<std::uint8_t>(value ? 1 : 0); }
  static bool decode(decoder& in) {
    const auto byte = in.number<std::uint8_t>();
    if (byte > 1) in.fail("a bool that is neither 0 nor 1");
    return byte == 1;
  }
};

/// Only the bytes that carry the value: the padding of x86's 80-bit format would leak memory.
template <>
struct codec<long double> {
  static constexpr std::size_t significant = LDBL_MANT_DIG == 64 ? 10 : sizeof(long double);
  static void encode(encoder& out, long double value) { out.raw(&value, significant); }
  static long double decode(decoder& in) {
    long double value = 0;
    in.raw(&value, significant);
    return value;
  }
};

/// As its underlying type. Which values are enumerators is not known here, so any is accepted.
template <class T>
  requires std::is_enum_v<T>
struct codec<T> {
  using number = std::underlying_type_t<T>;
  static void encode(encoder& out, T value) {
    codec<number>::encode(out, static_cast<number>(value));
  }
  static T decode(decoder& in) { return static_cast<T>(codec<number>::decode(in)); }
};

template <class T>
struct codec<std::complex<T>> {
  static void encode(encoder& out, const std::complex<T>& value) {
    codec<T>::encode(out, value.real());
    codec<T>::encode(out, value.imag());
  }
  static std::complex<T> decode(decoder& in) {
    const T real = codec<T>::decode(in);
    return {real, codec<T>::decode(in)};
  }
};

}  // namespace glovebox
