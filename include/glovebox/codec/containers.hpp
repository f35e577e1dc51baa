// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/strings.hpp>
#include <glovebox/codec/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <forward_list>
#include <iterator>
#include <list>
#include <map>
#include <set>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace glovebox {

namespace detail {

/// What a node of a tree or list takes beside its element [bytes], for the memory budget.
inline constexpr std::size_t node_overhead = 48;

template <class Sequence>
void write_elements(encoder& out, Sequence&& elements, std::size_t size) {
  out.count(size);
  encoder::scope path(out, 0);
  std::size_t index = 0;
  for (auto& each : elements) {
    path.at(index++);
    const std::size_t before = out.written();
    glovebox::encode(out, part_of<Sequence>(each));
    out.element_ended(before);
  }
}

template <class T, class Add>
void read_elements(decoder& in, std::size_t size, const Add& add) {
  decoder::scope path(in, 0);
  for (std::size_t i = 0; i != size; ++i) {
    path.at(i);
    const std::size_t before = in.left();
    add(glovebox::decode<T>(in));
    in.element_ended(before);
  }
}

}  // namespace detail

/// Contiguous numbers cross in one piece, other elements one by one.
template <detail::part T, detail::default_policy Allocator>
struct codec<std::vector<T, Allocator>> {
  using vector = std::vector<T, Allocator>;

  static void encode(encoder& out, const vector& value) {
    if constexpr (detail::is_bulk<T>)
      out.blob(std::as_bytes(std::span(value)));
    else
      detail::write_elements(out, value, value.size());
  }
  static void encode_owned(encoder& out,
                           vector&& value) requires(detail::is_bulk<T> || detail::owning<T>) {
    if constexpr (detail::is_bulk<T>)
      detail::write_bulk(out, std::move(value));
    else
      detail::write_elements(out, std::move(value), value.size());
  }
  static vector decode(decoder& in) {
    if constexpr (detail::is_bulk<T>) {
      return detail::read_bulk<vector>(in);
    } else {
      const std::size_t size = in.elements(sizeof(T));
      vector value;
      value.reserve(in.room_for(size, sizeof(T)));
      detail::read_elements<T>(in, size, [&](T&& each) { value.push_back(std::move(each)); });
      return value;
    }
  }
};

/// Eight bits a byte, the first the lowest, behind the number of bits that are used in the last
/// byte; the others are 0.
template <detail::default_policy Allocator>
struct codec<std::vector<bool, Allocator>> {
  using vector = std::vector<bool, Allocator>;

  static void encode(encoder& out, const vector& value) {
    std::vector<unsigned char> bytes((value.size() + 7) / 8);
    for (std::size_t i = 0; i != value.size(); ++i)
      if (value[i]) bytes[i / 8] |= static_cast<unsigned char>(1u << i % 8);
    out.number(static_cast<unsigned char>(value.size() % 8));
    glovebox::encode(out, std::move(bytes));
  }
  static vector decode(decoder& in) {
    const std::size_t used = in.number<unsigned char>();
    const auto bytes = in.blob();
    if (used > 7 || (used != 0 && bytes.empty())) in.fail("an invalid number of bits");
    const std::size_t size = bytes.size() * 8 - (used == 0 ? 0 : 8 - used);
    if (used != 0 && (std::to_integer<unsigned>(bytes.back()) >> used) != 0)
      in.fail("a bit beyond the end");
    vector value(size);
    for (std::size_t i = 0; i != size; ++i)
      value[i] = ((std::to_integer<unsigned>(bytes[i / 8]) >> i % 8) & 1) != 0;
    return value;
  }
};

/// Arrives as a vector.
template <detail::part T, std::size_t N>
struct codec<std::span<const T, N>> {
  static void encode(encoder& out, std::span<const T> value) {
    if constexpr (detail::is_bulk<T>)
      out.blob(std::as_bytes(value));
    else
      detail::write_elements(out, value, value.size());
  }
};

/// Without a length.
template <detail::part T, std::size_t N>
struct codec<std::array<T, N>> {
  using array = std::array<T, N>;

  static void encode(encoder& out, const array& value) { write(out, value); }
  static void encode_owned(encoder& out, array&& value) requires detail::owning<T> {
    write(out, std::move(value));
  }
  static array decode(decoder& in) {
    decoder::scope path(in, 0);
    if constexpr (N == 0) {
      return {};
    } else if constexpr (std::is_default_constructible_v<T> && std::is_move_assignable_v<T>) {
      array value{};
      if constexpr (detail::is_bulk<T>) {
        in.raw(value.data(), sizeof(T) * N);
      } else {
        for (std::size_t i = 0; i != N; ++i) {
          path.at(i);
          value[i] = glovebox::decode<T>(in);
        }
      }
      return value;
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return array{(path.at(I), glovebox::decode<T>(in))...};
      }
      (std::make_index_sequence<N>{});
    }
  }

 private:
  template <class V>
  static void write(encoder& out, V&& value) {
    encoder::scope path(out, 0);
    if constexpr (detail::is_bulk<T>) {
      out.raw(value.data(), sizeof(T) * N);
    } else {
      for (std::size_t i = 0; i != N; ++i) {
        path.at(i);
        glovebox::encode(out, detail::part_of<V>(value[i]));
      }
    }
  }
};

namespace detail {

/// What the containers of nodes have in common. `Element` is what crosses of each element.
template <class Container, class Element>
struct node_codec {
  static void encode(encoder& out, const Container& value) {
    write_elements(out, value, size_of(value));
  }
  static void encode_owned(encoder& out, Container&& value) requires owning<Element> {
    const std::size_t size = size_of(value);
    write_elements(out, std::move(value), size);
  }

 private:
  static std::size_t size_of(const Container& value) {
    return static_cast<std::size_t>(std::distance(value.begin(), value.end()));
  }
};

template <class Sequence, class T>
struct sequence_codec : node_codec<Sequence, T> {
  static Sequence decode(decoder& in) {
    const std::size_t size = in.elements(sizeof(T) + node_overhead);
    Sequence value;
    read_elements<T>(in, size, [&](T&& each) { value.push_back(std::move(each)); });
    return value;
  }
};

/// Containers that order or hash their elements. A hostile child can choose keys whose hashes
/// collide, which makes the time quadratic: prefer the ordered ones for what it sends.
template <class Container, class Element, bool Unique>
struct associative_codec : node_codec<Container, Element> {
  static Container decode(decoder& in) {
    const std::size_t size = in.elements(sizeof(Element) + node_overhead);
    Container value;
    std::size_t inserted = 0;
    read_elements<Element>(in, size, [&](Element&& each) {
      // They come in order, where they are ordered. Equal ones stay in theirs.
      value.emplace_hint(value.end(), std::move(each));
      if constexpr (Unique) {
        // Else they would be fewer than were sent, and nobody would know.
        if (value.size() != ++inserted) in.fail("a key that occurs twice");
      }
    });
    return value;
  }
};

}  // namespace detail

template <detail::part T, detail::default_policy A>
struct codec<std::deque<T, A>> : detail::sequence_codec<std::deque<T, A>, T> {};
template <detail::part T, detail::default_policy A>
struct codec<std::list<T, A>> : detail::sequence_codec<std::list<T, A>, T> {};

template <detail::part T, detail::default_policy A>
struct codec<std::forward_list<T, A>> : detail::node_codec<std::forward_list<T, A>, T> {
  static std::forward_list<T, A> decode(decoder& in) {
    const std::size_t size = in.elements(sizeof(T) + detail::node_overhead);
    std::forward_list<T, A> value;
    auto last = value.before_begin();
    detail::read_elements<T>(in, size,
                             [&](T&& each) { last = value.insert_after(last, std::move(each)); });
    return value;
  }
};

template <detail::part K, detail::default_policy... P>
struct codec<std::set<K, P...>> : detail::associative_codec<std::set<K, P...>, K, true> {};
template <detail::part K, detail::default_policy... P>
struct codec<std::multiset<K, P...>> : detail::associative_codec<std::multiset<K, P...>, K, false> {
};
template <detail::part K, detail::default_policy... P>
struct codec<std::unordered_set<K, P...>>
    : detail::associative_codec<std::unordered_set<K, P...>, K, true> {};
template <detail::part K, detail::default_policy... P>
struct codec<std::unordered_multiset<K, P...>>
    : detail::associative_codec<std::unordered_multiset<K, P...>, K, false> {};
template <detail::part K, detail::part V, detail::default_policy... P>
struct codec<std::map<K, V, P...>>
    : detail::associative_codec<std::map<K, V, P...>, std::pair<K, V>, true> {};
template <detail::part K, detail::part V, detail::default_policy... P>
struct codec<std::multimap<K, V, P...>>
    : detail::associative_codec<std::multimap<K, V, P...>, std::pair<K, V>, false> {};
template <detail::part K, detail::part V, detail::default_policy... P>
struct codec<std::unordered_map<K, V, P...>>
    : detail::associative_codec<std::unordered_map<K, V, P...>, std::pair<K, V>, true> {};
template <detail::part K, detail::part V, detail::default_policy... P>
struct codec<std::unordered_multimap<K, V, P...>>
    : detail::associative_codec<std::unordered_multimap<K, V, P...>, std::pair<K, V>, false> {};

}  // namespace glovebox
