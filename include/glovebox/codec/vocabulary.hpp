// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/numbers.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

namespace glovebox {

template <transferable T>
struct codec<std::optional<T>> {
  static void encode(encoder& out, const std::optional<T>& value) {
    codec<bool>::encode(out, value.has_value());
    if (!value) return;
    encoder::scope path(out, "value");
    glovebox::encode(out, *value);
  }
  static std::optional<T> decode(decoder& in) {
    if (!codec<bool>::decode(in)) return std::nullopt;
    decoder::scope path(in, "value");
    return std::optional<T>(std::in_place, glovebox::decode<T>(in));
  }
};

template <>
struct codec<std::monostate> {
  static void encode(encoder&, std::monostate) {}
  static std::monostate decode(decoder&) { return {}; }
};

/// By the position of the alternative, so that close types never turn into each other.
template <transferable... T>
struct codec<std::variant<T...>> {
  using variant = std::variant<T...>;
  static void encode(encoder& out, const variant& value) {
    if (value.valueless_by_exception()) out.fail("a variant without a value");
    out.count(value.index());
    encoder::scope path(out, value.index());
    std::visit([&](const auto& held) { glovebox::encode(out, held); }, value);
  }
  static variant decode(decoder& in) {
    const std::uint64_t index = in.count();
    if (index >= sizeof...(T)) in.fail("invalid variant index " + std::to_string(index));
    decoder::scope path(in, static_cast<std::size_t>(index));
    using read = variant (*)(decoder&);
    static constexpr auto readers = []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<read, sizeof...(T)>{[](decoder& from) {
        return variant(std::in_place_index<I>,
                       glovebox::decode<std::variant_alternative_t<I, variant>>(from));
      }...};
    }(std::index_sequence_for<T...>{});
    return readers[static_cast<std::size_t>(index)](in);
  }
};

namespace detail {

template <class Tuple>
struct tuple_codec {
  static void encode(encoder& out, const Tuple& value) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      encoder::scope path(out, std::size_t{0});
      ((path.at(I), glovebox::encode(out, std::get<I>(value))), ...);
    }(std::make_index_sequence<std::tuple_size_v<Tuple>>{});
  }
  static Tuple decode(decoder& in) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      decoder::scope path(in, std::size_t{0});
      // Braces: the elements are decoded in their order.
      return Tuple{
          (path.at(I), glovebox::decode<std::remove_cv_t<std::tuple_element_t<I, Tuple>>>(in))...};
    }(std::make_index_sequence<std::tuple_size_v<Tuple>>{});
  }
};

}  // namespace detail

template <transferable A, transferable B>
struct codec<std::pair<A, B>> : detail::tuple_codec<std::pair<A, B>> {};
template <transferable... T>
struct codec<std::tuple<T...>> : detail::tuple_codec<std::tuple<T...>> {};
template <>
struct codec<std::tuple<>> {
  static void encode(encoder&, std::tuple<>) {}
  static std::tuple<> decode(decoder&) { return {}; }
};

template <transferable Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static void encode(encoder& out, duration value) { codec<Rep>::encode(out, value.count()); }
  static duration decode(decoder& in) { return duration(codec<Rep>::decode(in)); }
};

template <class Clock, transferable Duration>
struct codec<std::chrono::time_point<Clock, Duration>> {
  using point = std::chrono::time_point<Clock, Duration>;
  static void encode(encoder& out, point value) {
    codec<Duration>::encode(out, value.time_since_epoch());
  }
  static point decode(decoder& in) { return point(codec<Duration>::decode(in)); }
};

template <std::size_t N>
struct codec<std::bitset<N>> {
  static void encode(encoder& out, const std::bitset<N>& value) {
    for (std::size_t at = 0; at < N; at += 8) {
      unsigned byte = 0;
      for (std::size_t i = 0; i != 8 && at + i < N; ++i) byte |= (value[at + i] ? 1u : 0u) << i;
      out.number(static_cast<std::uint8_t>(byte));
    }
  }
  static std::bitset<N> decode(decoder& in) {
    std::bitset<N> value;
    for (std::size_t at = 0; at < N; at += 8) {
      const unsigned byte = in.number<std::uint8_t>();
      for (std::size_t i = 0; i != 8; ++i) {
        const bool set = ((byte >> i) & 1) != 0;
        if (at + i < N)
          value[at + i] = set;
        else if (set)
          in.fail("a bit beyond the end of a bitset");
      }
    }
    return value;
  }
};

}  // namespace glovebox
