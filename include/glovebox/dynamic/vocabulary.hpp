// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/vocabulary.hpp>
#include <glovebox/detail/type_name.hpp>
#include <glovebox/dynamic/numbers.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace glovebox {

/// Null or the value. A value that could be taken for an empty optional is marked.
template <detail::dynamic_part T>
struct dynamic_codec<std::optional<T>> {
  static constexpr bool reads_wrappers = true;

  template <class V>
  static void write(json_writer& out, V&& value) {
    if (!value) return out.null();
    const json_writer::scope level(out);
    const std::size_t start = out.written();
    write_dynamic(out, detail::part_of<V>(*value));
    out.mark_if_empty(start);
  }
  static std::optional<T> read(json_reader& in) {
    if (in.null()) return std::nullopt;
    const json_reader::scope level(in);
    if (!in.enter("o")) return std::optional<T>(std::in_place, read_dynamic<T>(in));
    std::optional<T> value(std::in_place, read_dynamic<T>(in));
    in.leave();
    return value;
  }
};

template <>
struct dynamic_codec<std::monostate> {
  static void write(json_writer& out, std::monostate) { out.null(); }
  static std::monostate read(json_reader& in) {
    if (!in.null()) in.mismatch("null");
    return {};
  }
};
template <>
struct dynamic_codec<std::nullptr_t> {
  static void write(json_writer& out, std::nullptr_t) { out.null(); }
  static std::nullptr_t read(json_reader& in) {
    if (!in.null()) in.mismatch("null");
    return nullptr;
  }
};

/// Marked with the position of the alternative, so that close types never turn into each other. A
/// value without the mark becomes the first alternative that is exactly its type; when there is
/// none, the first that it converts to.
template <detail::dynamic_part... T>
struct dynamic_codec<std::variant<T...>> {
  using variant = std::variant<T...>;
  static constexpr bool reads_wrappers = true;

  template <class V>
  static void write(json_writer& out, V&& value) {
    if (value.valueless_by_exception()) out.fail("a variant without a value");
    out.begin_marker("v");
    out.begin_list();
    out.integer(value.index());
    const json_writer::scope level(out);
    std::visit([&](auto& held) { write_dynamic(out, detail::part_of<V>(held)); }, value);
    out.end_list();
    out.end_marker();
  }
  static variant read(json_reader& in) {
    if (in.marker() == "o") {
      const json_reader::scope level(in);
      in.enter("o");
      variant value = read(in);
      in.leave();
      return value;
    }
    const json_reader::scope level(in);
    if (!in.enter("v")) return find(in);
    in.begin_parts();
    const auto index = in.integer<std::uint64_t>();
    if (index >= sizeof...(T)) in.fail("invalid variant index " + std::to_string(index));
    in.next_part();
    variant value = readers[static_cast<std::size_t>(index)](in);
    in.end_parts();
    in.leave();
    return value;
  }

 private:
  using reader = variant (*)(json_reader&);
  template <std::size_t I>
  static variant read_as(json_reader& in) {
    return variant(std::in_place_index<I>,
                   read_dynamic<std::variant_alternative_t<I, variant>>(in));
  }
  template <std::size_t... I>
  static constexpr std::array<reader, sizeof...(T)> all(std::index_sequence<I...>) {
    return {&read_as<I>...};
  }
  static constexpr std::array<reader, sizeof...(T)> readers = all(std::index_sequence_for<T...>{});

  static variant find(json_reader& in) {
    const bool conversions = in.conversions();
    std::optional<variant> found;
    for (const bool converting : {false, true}) {
      if (converting && !conversions) break;
      in.allow_conversions(converting);
      for (const reader each : readers)
        if (in.attempt([&] { found.emplace(each(in)); })) {
          in.allow_conversions(conversions);
          return std::move(*found);
        }
    }
    in.allow_conversions(conversions);
    in.mismatch("one of the alternatives of " + std::string(detail::type_name<variant>()));
  }
};

namespace detail {

/// \throws codec_error: a list has `more` or less elements than wanted
[[noreturn]] GLOVEBOX_API void wrong_count(json_reader& in, std::size_t wanted, bool more);

template <class Tuple>
struct dynamic_tuple {
  static constexpr std::size_t size = std::tuple_size_v<Tuple>;

  template <class V>
  static void write(json_writer& out, V&& value) {
    json_writer::scope path(out, 0);
    out.begin_list();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((path.at(I), write_dynamic(out, part_of<V>(std::get<I>(value)))), ...);
    }
    (std::make_index_sequence<size>{});
    out.end_list();
  }
  static Tuple read(json_reader& in) {
    json_reader::list items(in);
    Tuple value = [&]<std::size_t... I>(std::index_sequence<I...>) {
      // Braces: the elements are read in their order.
      return Tuple{one<std::tuple_element_t<I, Tuple>>(in, items)...};
    }
    (std::make_index_sequence<size>{});
    if (items.next()) wrong_count(in, size, true);
    return value;
  }

 private:
  template <class T>
  static std::remove_cv_t<T> one(json_reader& in, json_reader::list& items) {
    if (!items.next()) wrong_count(in, size, false);
    return read_dynamic<std::remove_cv_t<T>>(in);
  }
};

/// A duration or a point in time: `{"$t":[num, den, count]}` for `count` ticks of `num / den`
/// seconds, `{"$tp":[clock, num, den, count]}` with the clock's name: "system" or "steady" or what
/// the compiler calls it.
GLOVEBOX_API void begin_time(json_writer& out, std::string_view clock, std::intmax_t num,
                             std::intmax_t den);
GLOVEBOX_API void end_time(json_writer& out);
/// Enters one. \returns its tick in wanted ticks; the count comes next
struct tick_ratio {
  std::intmax_t num = 1;
  std::intmax_t den = 1;
};
GLOVEBOX_API tick_ratio enter_time(json_reader& in, std::string_view clock, std::intmax_t num,
                                   std::intmax_t den);
GLOVEBOX_API void leave_time(json_reader& in);
/// \throws codec_error when the wanted ticks cannot express it
GLOVEBOX_API int128 scale_ticks(json_reader& in, std::int64_t count, const tick_ratio& ratio);

template <class Rep, class Period>
void write_time(json_writer& out, const std::chrono::duration<Rep, Period>& value,
                std::string_view clock) {
  begin_time(out, clock, Period::num, Period::den);
  write_dynamic(out, value.count());
  end_time(out);
}

template <class Rep, class Period>
std::chrono::duration<Rep, Period> read_time(json_reader& in, std::string_view clock) {
  const tick_ratio ratio = enter_time(in, clock, Period::num, Period::den);
  Rep count;
  if (ratio.num == ratio.den) {
    count = read_dynamic<Rep>(in);
  } else if constexpr (std::is_floating_point_v<Rep>) {
    in.require_conversions("a duration of the same unit");
    count = read_dynamic<Rep>(in) * static_cast<Rep>(ratio.num) / static_cast<Rep>(ratio.den);
  } else if constexpr (std::is_integral_v<Rep>) {
    in.require_conversions("a duration of the same unit");
    const int128 ticks = scale_ticks(in, in.integer<std::int64_t>(), ratio);
    count = static_cast<Rep>(ticks);
    if (count != ticks) in.fail("the duration is out of range");
  } else {
    in.fail("a duration of another unit");
  }
  leave_time(in);
  return std::chrono::duration<Rep, Period>(std::move(count));
}

template <class Clock>
constexpr std::string_view clock_name() {
  if constexpr (std::is_same_v<Clock, std::chrono::system_clock>)
    return "system";
  else if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>)
    return "steady";
  else
    return type_name<Clock>();
}

}  // namespace detail

template <detail::dynamic_part A, detail::dynamic_part B>
struct dynamic_codec<std::pair<A, B>> : detail::dynamic_tuple<std::pair<A, B>> {};
template <detail::dynamic_part... T>
struct dynamic_codec<std::tuple<T...>> : detail::dynamic_tuple<std::tuple<T...>> {};

/// With its unit: seconds are never taken for milliseconds. Where integers cannot express it in the
/// wanted unit, it is refused.
template <detail::dynamic_part Rep, class Period>
struct dynamic_codec<std::chrono::duration<Rep, Period>> {
  using duration = std::chrono::duration<Rep, Period>;
  static void write(json_writer& out, const duration& value) { detail::write_time(out, value, {}); }
  static duration read(json_reader& in) { return detail::read_time<Rep, Period>(in, {}); }
};

/// The time since the clock's epoch, with unit and clock.
template <class Clock, class Rep, class Period>
requires detail::dynamic_part<Rep>
struct dynamic_codec<std::chrono::time_point<Clock, std::chrono::duration<Rep, Period>>> {
  using point = std::chrono::time_point<Clock, std::chrono::duration<Rep, Period>>;
  static void write(json_writer& out, const point& value) {
    detail::write_time(out, value.time_since_epoch(), detail::clock_name<Clock>());
  }
  static point read(json_reader& in) {
    return point(detail::read_time<Rep, Period>(in, detail::clock_name<Clock>()));
  }
};

/// Text of zeros and ones, the highest bit first.
template <std::size_t N>
struct dynamic_codec<std::bitset<N>> {
  static void write(json_writer& out, const std::bitset<N>& value) {
    const std::string digits = value.to_string();
    out.text(digits);
  }
  static std::bitset<N> read(json_reader& in) {
    std::string scratch;
    const std::string_view digits = in.text(scratch);
    if (digits.size() != N || digits.find_first_not_of("01") != digits.npos)
      in.fail("expected " + std::to_string(N) + " zeros and ones");
    return std::bitset<N>(digits.data(), N);
  }
};

/// A dict of the category's name and the value; categories as in the binary form.
template <>
struct GLOVEBOX_API dynamic_codec<std::error_code> {
  static void write(json_writer& out, const std::error_code& value);
  static std::error_code read(json_reader& in);
};

}  // namespace glovebox
