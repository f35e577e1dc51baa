// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/vocabulary.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace glovebox {

/// What `borrow` gives.
template <class T>
struct borrowed {
  std::span<const T> elements;
};
template <class T>
inline constexpr bool is_borrowed_v = false;
template <class T>
inline constexpr bool is_borrowed_v<borrowed<T>> = true;

/// An argument that is not copied: the caller promises to keep the elements alive and unchanged
/// until the call has ended. It arrives as a vector or span.
template <class T>
borrowed<std::remove_const_t<T>> borrow(std::span<T> elements) {
  static_assert(detail::is_bulk<std::remove_const_t<T>>, "glovebox: only numbers can be borrowed");
  return {elements};
}
template <class Range>
  requires requires(const Range& range) { std::span(range.data(), range.size()); }
auto borrow(const Range& range) {
  return borrow(std::span(range.data(), range.size()));
}

namespace detail {

/// What a node of a tree or list takes beside its element [bytes], for the memory budget.
inline constexpr std::size_t node_overhead = 48;

template <class Sequence>
void encode_elements(encoder& out, const Sequence& elements, std::size_t size) {
  out.count(size);
  const std::size_t before = out.written();
  {
    encoder::scope path(out, std::size_t{0});
    std::size_t index = 0;
    for (const auto& each : elements) {
      path.at(index++);
      glovebox::encode(out, each);
    }
  }
  // The other side's guard against lengths without content, told here already.
  if (size > 64 * 1024 && out.written() - before < size)
    out.fail("too many elements without content");
}

template <class T, class Add>
void decode_elements(decoder& in, std::size_t overhead, const Add& add) {
  const std::size_t size = in.elements();
  decoder::scope path(in, std::size_t{0});
  for (std::size_t i = 0; i != size; ++i) {
    path.at(i);
    in.charge(sizeof(T) + overhead);
    add(glovebox::decode<T>(in));
  }
}

template <class T>
std::span<const std::byte> bulk_bytes(decoder& in) {
  const auto bytes = in.blob();
  if (bytes.size() % sizeof(T) != 0) in.fail("numbers that end inside one");
  in.charge(bytes.size());
  return bytes;
}

}  // namespace detail

template <transferable T, class Allocator>
struct codec<std::vector<T, Allocator>> {
  using vector = std::vector<T, Allocator>;

  static void encode(encoder& out, const vector& value) {
    if constexpr (detail::is_bulk<T>)
      out.blob(std::as_bytes(std::span(value)));
    else
      detail::encode_elements(out, value, value.size());
  }
  static void encode_owned(encoder& out, vector&& value)
    requires detail::is_bulk<T>
  {
    if (value.size() * sizeof(T) < attachment_threshold) {
      encode(out, value);
      return;
    }
    auto owner = std::make_shared<const vector>(std::move(value));
    const auto bytes = std::as_bytes(std::span(*owner));
    out.blob(bytes, std::move(owner));
  }
  static vector decode(decoder& in) {
    vector value;
    if constexpr (detail::is_bulk<T>) {
      const auto bytes = detail::bulk_bytes<T>(in);
      value.resize(bytes.size() / sizeof(T));
      if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    } else {
      detail::decode_elements<T>(in, 0, [&](T&& each) { value.push_back(std::move(each)); });
    }
    return value;
  }
};

template <class Allocator>
struct codec<std::vector<bool, Allocator>> {
  using vector = std::vector<bool, Allocator>;
  static void encode(encoder& out, const vector& value) {
    out.count(value.size());
    for (std::size_t at = 0; at < value.size(); at += 8) {
      unsigned byte = 0;
      for (std::size_t i = 0; i != 8 && at + i < value.size(); ++i)
        byte |= (value[at + i] ? 1u : 0u) << i;
      out.number(static_cast<std::uint8_t>(byte));
    }
  }
  static vector decode(decoder& in) {
    const std::uint64_t size = in.count();
    if (size / 8 > in.left()) in.fail("more bits than the message holds");
    in.charge(size / 8 + 1);
    vector value(static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < value.size(); at += 8) {
      const unsigned byte = in.number<std::uint8_t>();
      for (std::size_t i = 0; i != 8; ++i) {
        const bool set = ((byte >> i) & 1) != 0;
        if (at + i < value.size())
          value[at + i] = set;
        else if (set)
          in.fail("a bit beyond the end");
      }
    }
    return value;
  }
};

/// Arrives as a vector.
template <transferable T, std::size_t N>
struct codec<std::span<const T, N>> {
  static void encode(encoder& out, std::span<const T> value) {
    if constexpr (detail::is_bulk<T>)
      out.blob(std::as_bytes(value));
    else
      detail::encode_elements(out, value, value.size());
  }
};
template <class T>
struct codec<borrowed<T>> {
  static void encode(encoder& out, const borrowed<T>& value) {
    out.borrowed_blob(std::as_bytes(value.elements));
  }
};

template <transferable T, std::size_t N>
struct codec<std::array<T, N>> {
  using array = std::array<T, N>;
  static void encode(encoder& out, const array& value) {
    if constexpr (detail::is_bulk<T>) {
      out.raw(value.data(), sizeof(T) * N);
    } else {
      encoder::scope path(out, std::size_t{0});
      for (std::size_t i = 0; i != N; ++i) {
        path.at(i);
        glovebox::encode(out, value[i]);
      }
    }
  }
  static array decode(decoder& in) {
    if constexpr (detail::is_bulk<T>) {
      array value;
      in.raw(value.data(), sizeof(T) * N);
      return value;
    } else {
      decoder::scope path(in, std::size_t{0});
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return array{(path.at(I), glovebox::decode<T>(in))...};
      }(std::make_index_sequence<N>{});
    }
  }
};

namespace detail {

/// Containers that grow at their end.
template <class Sequence>
struct sequence_codec {
  using element = typename Sequence::value_type;
  static void encode(encoder& out, const Sequence& value) {
    encode_elements(out, value, static_cast<std::size_t>(std::distance(value.begin(), value.end())));
  }
  static Sequence decode(decoder& in) {
    Sequence value;
    decode_elements<element>(in, node_overhead,
                             [&](element&& each) { value.push_back(std::move(each)); });
    return value;
  }
};

/// Containers that order or hash their elements; `Element` is what crosses of each.
template <class Container, class Element, bool Unique>
struct associative_codec {
  static void encode(encoder& out, const Container& value) {
    encode_elements(out, value, value.size());
  }
  static Container decode(decoder& in) {
    Container value;
    decode_elements<Element>(in, node_overhead, [&](Element&& each) {
      if constexpr (Unique) {
        if (!value.insert(std::move(each)).second) in.fail("a key that occurs twice");
      } else {
        value.insert(std::move(each));
      }
    });
    return value;
  }
};

}  // namespace detail

template <transferable T, class A>
struct codec<std::deque<T, A>> : detail::sequence_codec<std::deque<T, A>> {};
template <transferable T, class A>
struct codec<std::list<T, A>> : detail::sequence_codec<std::list<T, A>> {};

template <transferable T, class A>
struct codec<std::forward_list<T, A>> {
  using list = std::forward_list<T, A>;
  static void encode(encoder& out, const list& value) {
    detail::encode_elements(out, value,
                            static_cast<std::size_t>(std::distance(value.begin(), value.end())));
  }
  static list decode(decoder& in) {
    list value;
    auto last = value.before_begin();
    detail::decode_elements<T>(in, detail::node_overhead, [&](T&& each) {
      last = value.insert_after(last, std::move(each));
    });
    return value;
  }
};

template <transferable K, class... P>
struct codec<std::set<K, P...>> : detail::associative_codec<std::set<K, P...>, K, true> {};
template <transferable K, class... P>
struct codec<std::multiset<K, P...>> : detail::associative_codec<std::multiset<K, P...>, K, false> {};
template <transferable K, class... P>
struct codec<std::unordered_set<K, P...>>
    : detail::associative_codec<std::unordered_set<K, P...>, K, true> {};
template <transferable K, class... P>
struct codec<std::unordered_multiset<K, P...>>
    : detail::associative_codec<std::unordered_multiset<K, P...>, K, false> {};
template <transferable K, transferable V, class... P>
struct codec<std::map<K, V, P...>>
    : detail::associative_codec<std::map<K, V, P...>, std::pair<K, V>, true> {};
template <transferable K, transferable V, class... P>
struct codec<std::multimap<K, V, P...>>
    : detail::associative_codec<std::multimap<K, V, P...>, std::pair<K, V>, false> {};
template <transferable K, transferable V, class... P>
struct codec<std::unordered_map<K, V, P...>>
    : detail::associative_codec<std::unordered_map<K, V, P...>, std::pair<K, V>, true> {};
template <transferable K, transferable V, class... P>
struct codec<std::unordered_multimap<K, V, P...>>
    : detail::associative_codec<std::unordered_multimap<K, V, P...>, std::pair<K, V>, false> {};

}  // namespace glovebox
