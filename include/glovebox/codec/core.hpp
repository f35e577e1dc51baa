// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The binary form in which values cross between parent and child: compact, without tags (both ends
/// know the types), little endian (both ends run on one machine). Everything that is read is
/// checked, since a child may send anything.

#include <glovebox/codec/decoder.hpp>
#include <glovebox/codec/encoder.hpp>
#include <glovebox/detail/travels.hpp>
#include <glovebox/error.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace glovebox {

static_assert(std::endian::native == std::endian::little, "numbers cross as they lie in memory");

/// How values of T cross. Specialise it for a type of your own, after including codec.hpp:
/// \code
/// template <> struct glovebox::codec<my_type> {
///   static void encode(encoder& out, const my_type& value);
///   static my_type decode(decoder& in);  // calls in.fail() for what encode would not have written
/// };
/// \endcode
/// What may contain itself must open an `encoder::scope` and a `decoder::scope`, which bound the
/// depth. A class with BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_CLASS needs no specialisation.
///
/// Optional: `encode_owned(encoder&, my_type&&)` for values that are not needed any more: their
/// large parts can be sent without a copy.
template <class T, class = void>
struct codec;

/// Types whose values can be sent; they may arrive as another type (string_view as a string).
template <class T>
concept encodable = requires(encoder& out, const std::remove_cvref_t<T>& value) {
  codec<std::remove_cvref_t<T>>::encode(out, value);
};

/// Types whose values can cross. Containers are when their elements are. For described classes only
/// the description is asked for (they may contain themselves); a member that cannot cross is
/// reported when the class is used.
template <class T>
concept transferable = encodable<T> && requires(decoder& in) {
  { codec<std::remove_cvref_t<T>>::decode(in) } -> std::same_as<std::remove_cvref_t<T>>;
};

namespace detail {

template <class T>
concept owning = requires(encoder& out, T&& value) {
  codec<T>::encode_owned(out, std::move(value));
};

/// Parts of a value that may be moved from may be moved from.
template <class Whole, class Part>
constexpr decltype(auto) part_of(Part& part) noexcept {
  if constexpr (std::is_lvalue_reference_v<Whole>)
    return std::as_const(part);
  else
    return std::move(part);
}

/// What can be a part of another value: references cannot.
template <class T>
concept part = transferable<T> && std::is_object_v<T>;

/// Allocators, comparators and hashes do not travel; the other side makes its own.
template <class T>
concept default_policy = std::is_class_v<T> && std::is_default_constructible_v<T>;

}  // namespace detail

/// Writes a value. An rvalue's large parts are taken over instead of copied.
/// \throws codec_error, and what user-defined codecs throw
template <class T>
void encode(encoder& out, T&& value) {
  using type = std::remove_cvref_t<T>;
  if constexpr (detail::must_travel<type, encodable<type>>) {
    if constexpr (!std::is_reference_v<T> && !std::is_const_v<T> && detail::owning<type>)
      codec<type>::encode_owned(out, std::move(value));
    else
      codec<type>::encode(out, std::as_const(value));
  }
}

/// Reads a value that `encode` wrote, or refuses what it would not have written.
/// \throws codec_error, std::bad_alloc, and what user-defined codecs and constructors throw
template <class T>
std::remove_cv_t<T> decode(decoder& in) {
  static_assert(!std::is_reference_v<T>);
  if constexpr (detail::must_travel<T, transferable<T>>)
    return codec<std::remove_cv_t<T>>::decode(in);
}

}  // namespace glovebox
