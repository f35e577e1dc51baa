// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The form in which values cross in dynamic calls, where the sides do not know each other's types:
/// JSON, read and written without a tree in between. As exact as the binary form of codec/core.hpp.

#include <glovebox/codec/core.hpp>
#include <glovebox/detail/travels.hpp>
#include <glovebox/dynamic/json_reader.hpp>
#include <glovebox/dynamic/json_writer.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace glovebox {

/// How values of T cross in dynamic calls. Whatever has a `codec` has one of these too, for classes
/// of the user's in the binary form; specialise it to make the value readable for other languages,
/// after including dynamic.hpp:
/// \code
/// template <> struct glovebox::dynamic_codec<my_type> {
///   static void write(json_writer& out, const my_type& value);  // exactly one value
///   static my_type read(json_reader& in);  // calls in.fail() for what write would not have
///   written
/// };
/// \endcode
/// What may contain itself must open a `json_writer::scope`, a `json_reader::list` or a
/// `json_reader::dict`, which bound the depth.
template <class T, class = void>
struct dynamic_codec;

/// Types whose values can be written; they may be read as another type (string_view as a string).
template <class T>
concept dynamic_writable = requires(json_writer& out, const std::remove_cvref_t<T>& value) {
  dynamic_codec<std::remove_cvref_t<T>>::write(out, value);
};

/// Types that values can be read as.
template <class T>
concept dynamic_readable = requires(json_reader& in) {
  { dynamic_codec<std::remove_cvref_t<T>>::read(in) } -> std::same_as<std::remove_cvref_t<T>>;
};

/// Types whose values can cross in dynamic calls.
template <class T>
concept dynamic_transferable = dynamic_writable<T> && dynamic_readable<T>;

namespace detail {

/// What can be a part of another value: references cannot.
template <class T>
concept dynamic_part = dynamic_transferable<T> && std::is_object_v<T>;

/// Those that look at what is written around a variant's or an optional's value themselves.
template <class T>
concept reads_wrappers = requires {
  requires dynamic_codec<T>::reads_wrappers;
};

/// Those that make something of a reference to an object themselves. Of all other types, a
/// reference means an object that is one.
template <class T>
concept reads_references = requires {
  requires dynamic_codec<T>::reads_references;
};

}  // namespace detail

/// Writes a value. An rvalue's large parts are taken over instead of copied.
/// \throws codec_error, and what user-defined codecs throw
template <class T>
void write_dynamic(json_writer& out, T&& value) {
  using type = std::remove_cvref_t<T>;
  if constexpr (detail::must_travel<type, dynamic_writable<type>>)
    dynamic_codec<type>::write(out, std::forward<T>(value));
}

/// Reads a value that `write_dynamic` wrote, as the same type or as one that it converts to without
/// loss; refuses everything else.
/// \throws codec_error, std::bad_alloc, and what user-defined codecs and constructors throw
template <class T>
std::remove_cv_t<T> read_dynamic(json_reader& in) {
  using type = std::remove_cv_t<T>;
  static_assert(!std::is_reference_v<T>);
  if constexpr (detail::must_travel<type, dynamic_readable<T>>) {
    if constexpr (!detail::reads_wrappers<type>) {
      if (const int brackets = in.enter_wrapper()) {
        const json_reader::scope level(in);
        type value = read_dynamic<type>(in);
        in.leave_wrapper(brackets);
        return value;
      }
    }
    return dynamic_codec<type>::read(in);
  }
}

}  // namespace glovebox
