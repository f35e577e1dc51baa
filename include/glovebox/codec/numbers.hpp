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
requires detail::is_bulk_number<T>
struct codec<T> {
  static void encode(encoder& out, T value) { out.number(value); }
  static T decode(decoder& in) { return in.number<T>(); }
};

/// A byte that is 0 or 1: a bool with another bit pattern would be undefined behaviour.
template <>
struct codec<bool> {
  static void encode(encoder& out, bool value) { out.number<unsigned char>(value ? 1 : 0); }
  static bool decode(decoder& in) {
    const auto byte = in.number<unsigned char>();
    if (byte > 1) in.fail("a bool that is neither 0 nor 1");
    return byte == 1;
  }
};

/// Only the bytes that carry the value: the padding of x86's 80-bit format would leak memory. The
/// bit patterns of that format that are no numbers (its leading bit is explicit) are refused:
/// library functions have crashed on them.
template <>
struct codec<long double> {
  static void encode(encoder& out, long double value) {
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    if (!is_number(bytes)) out.fail(no_number);
    out.raw(bytes, significant);
  }
  static long double decode(decoder& in) {
    unsigned char bytes[sizeof(long double)] = {};
    in.raw(bytes, significant);
    if (!is_number(bytes)) in.fail(no_number);
    long double value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }

 private:
  static constexpr bool extended = LDBL_MANT_DIG == 64;
  static constexpr std::size_t significant = extended ? 10 : sizeof(long double);
  static constexpr const char* no_number = "a long double whose bits are no number";
  static bool is_number(const unsigned char* bytes) noexcept {
    if constexpr (!extended) return true;
    const bool small = bytes[8] == 0 && (bytes[9] & 0x7f) == 0;
    return small || (bytes[7] & 0x80) != 0;
  }
};

/// As its underlying type. Which values are enumerators is not known here, so any is accepted: code
/// that switches over an enumeration from a child must expect others.
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
