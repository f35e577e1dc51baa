// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/numbers.hpp>

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

namespace glovebox {

template <detail::part T>
struct codec<std::optional<T>> {
  static void encode(encoder& out, const std::optional<T>& value) { write(out, value); }
  static void encode_owned(encoder& out, std::optional<T>&& value) requires detail::owning<T> {
    write(out, std::move(value));
  }
  static std::optional<T> decode(decoder& in) {
    if (!codec<bool>::decode(in)) return std::nullopt;
    decoder::scope level(in, "value");
    return std::optional<T>(std::in_place, glovebox::decode<T>(in));
  }

 private:
  template <class V>
  static void write(encoder& out, V&& value) {
    codec<bool>::encode(out, value.has_value());
    if (!value) return;
    encoder::scope level(out, "value");
    glovebox::encode(out, detail::part_of<V>(*value));
  }
};

template <>
struct codec<std::monostate> {
  static void encode(encoder&, std::monostate) {}
  static std::monostate decode(decoder&) { return {}; }
};

/// By the position of the alternative, so that close types never turn into each other.
template <detail::part... T>
struct codec<std::variant<T...>> {
  using variant = std::variant<T...>;
  static void encode(encoder& out, const variant& value) { write(out, value); }
  static void encode_owned(encoder& out, variant&& value) requires(detail::owning<T> || ...) {
    write(out, std::move(value));
  }
  static variant decode(decoder& in) {
    const std::uint64_t index = in.count();
    if (index >= sizeof...(T)) in.fail("invalid variant index " + std::to_string(index));
    decoder::scope level(in, index);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      static constexpr reader readers[] = {&read<I>...};
      return readers[static_cast<std::size_t>(index)](in);
    }
    (std::index_sequence_for<T...>{});
  }

 private:
  using reader = variant (*)(decoder&);
  template <std::size_t I>
  static variant read(decoder& in) {
    return variant(std::in_place_index<I>,
                   glovebox::decode<std::variant_alternative_t<I, variant>>(in));
  }
  template <class V>
  static void write(encoder& out, V&& value) {
    if (value.valueless_by_exception()) out.fail("a variant without a value");
    out.count(value.index());
    encoder::scope level(out, value.index());
    std::visit([&](auto& held) { glovebox::encode(out, detail::part_of<V>(held)); }, value);
  }
};

namespace detail {

template <class Tuple, class... T>
struct tuple_codec {
  static void encode(encoder& out, const Tuple& value) { write(out, value); }
  static void encode_owned(encoder& out, Tuple&& value) requires(owning<T> || ...) {
    write(out, std::move(value));
  }
  static Tuple decode(decoder& in) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      decoder::scope path(in, 0);
      // Braces: the elements are decoded in their order.
      return Tuple{(path.at(I), glovebox::decode<std::tuple_element_t<I, Tuple>>(in))...};
    }
    (std::make_index_sequence<std::tuple_size_v<Tuple>>{});
  }

 private:
  template <class V>
  static void write(encoder& out, V&& value) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      encoder::scope path(out, 0);
      ((path.at(I), glovebox::encode(out, part_of<V>(std::get<I>(value)))), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<Tuple>>{});
  }
};

}  // namespace detail

template <detail::part A, detail::part B>
struct codec<std::pair<A, B>> : detail::tuple_codec<std::pair<A, B>, A, B> {};
template <detail::part... T>
struct codec<std::tuple<T...>> : detail::tuple_codec<std::tuple<T...>, T...> {};
template <>
struct codec<std::tuple<>> {
  static void encode(encoder&, std::tuple<>) {}
  static std::tuple<> decode(decoder&) { return {}; }
};

template <detail::part Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static void encode(encoder& out, const duration& value) { glovebox::encode(out, value.count()); }
  static duration decode(decoder& in) { return duration(glovebox::decode<Rep>(in)); }
};

/// The time since the clock's epoch: that of steady_clock is the machine's, hence the same for
/// both.
template <class Clock, transferable Duration>
struct codec<std::chrono::time_point<Clock, Duration>> {
  using point = std::chrono::time_point<Clock, Duration>;
  static void encode(encoder& out, const point& value) {
    codec<Duration>::encode(out, value.time_since_epoch());
  }
  static point decode(decoder& in) { return point(codec<Duration>::decode(in)); }
};

/// Eight bits a byte, the first the lowest; bits beyond the end are 0.
template <std::size_t N>
struct codec<std::bitset<N>> {
  static void encode(encoder& out, const std::bitset<N>& value) {
    for (std::size_t at = 0; at < N; at += 8) {
      unsigned byte = 0;
      for (std::size_t i = 0; i != 8 && at + i < N; ++i) byte |= (value[at + i] ? 1u : 0u) << i;
      out.number(static_cast<unsigned char>(byte));
    }
  }
  static std::bitset<N> decode(decoder& in) {
    std::bitset<N> value;
    for (std::size_t at = 0; at < N; at += 8) {
      const unsigned byte = in.number<unsigned char>();
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

/// The codes of the categories generic, system, iostream and glovebox, by the category's name.
/// Others are refused: a category is an object of one process.
template <>
struct GLOVEBOX_API codec<std::error_code> {
  static void encode(encoder& out, const std::error_code& value);
  static std::error_code decode(decoder& in);
};

}  // namespace glovebox
