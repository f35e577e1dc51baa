// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>

#include <span>
#include <type_traits>

namespace glovebox {

/// What `borrow` gives: crosses as a vector of its elements would.
template <class T>
struct borrowed {
  std::span<const T> elements;
};
template <class T>
inline constexpr bool is_borrowed_v = false;
template <class T>
inline constexpr bool is_borrowed_v<borrowed<T>> = true;

template <class T>
struct codec<borrowed<T>> {
  static void encode(encoder& out, const borrowed<T>& value) {
    out.borrowed_blob(std::as_bytes(value.elements));
  }
};

/// An argument that is not copied: the caller promises to keep the elements alive and unchanged
/// until the call has ended. It arrives as a vector or span.
/// \param range contiguous numbers or enumerations: a vector, an array, a span; no temporary
/// container
template <class Range>
requires requires(Range& range) {
  std::span(range);
}
auto borrow(Range&& range) {
  using element = std::remove_cv_t<typename decltype(std::span(range))::element_type>;
  static_assert(std::is_lvalue_reference_v<Range> ||
                    std::ranges::enable_borrowed_range<std::remove_cv_t<Range>>,
                "glovebox: a temporary container would be gone before its elements are sent");
  static_assert(detail::is_bulk<element>,
                "glovebox: only contiguous numbers and enumerations can be sent without a copy");
  return borrowed<element>{std::span<const element>(std::span(range))};
}

}  // namespace glovebox
