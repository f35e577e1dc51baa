// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/borrow.hpp>
#include <glovebox/codec/containers.hpp>
#include <glovebox/dynamic/numbers.hpp>
#include <glovebox/dynamic/strings.hpp>
#include <glovebox/dynamic/vocabulary.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace glovebox {

namespace detail {

/// Contiguous ones are bytes, not a list of numbers.
template <class T>
inline constexpr bool is_byte =
    std::is_same_v<T, std::byte> || std::is_same_v<T, unsigned char> || std::is_same_v<T, char>;

template <class Sequence>
void write_list(json_writer& out, Sequence&& elements) {
  json_writer::scope path(out, 0);
  std::size_t index = 0;
  out.begin_list();
  for (auto&& each : elements) {
    path.at(index++);
    write_dynamic(out, part_of<Sequence>(each));
  }
  out.end_list();
}

/// \param owner keeps the elements alive; null: a large number of them is copied, unless `borrowed`
template <class T>
void write_contiguous(json_writer& out, std::span<const T> elements,
                      const std::shared_ptr<const void>& owner, bool borrowed = false) {
  using number = typename bulk_number<T>::type;
  const json_writer::scope level(out);
  const auto bytes = std::as_bytes(elements);
  // An owner of nothing: the caller keeps them alive.
  const auto keeper =
      borrowed ? std::shared_ptr<const void>(std::shared_ptr<void>(), bytes.data()) : owner;
  if constexpr (is_byte<T>) {
    if (keeper)
      out.bytes(bytes, keeper);
    else
      out.bytes(bytes);
  } else if (out.attaches(bytes.size())) {
    out.numbers(number_code<number>(), bytes, keeper);
  } else {
    out.begin_list();
    for (const T& each : elements) dynamic_codec<number>::write(out, static_cast<number>(each));
    out.end_list();
  }
}

template <class Vector>
void write_vector(json_writer& out, Vector&& value) {
  using vector = std::remove_cvref_t<Vector>;
  using element = typename vector::value_type;
  if constexpr (!std::is_reference_v<Vector> && !std::is_const_v<Vector>) {
    if (out.attaches(value.size() * sizeof(element))) {
      const auto owner = std::make_shared<const vector>(std::move(value));
      return write_contiguous(out, std::span<const element>(*owner), owner);
    }
  }
  write_contiguous(out, std::span<const element>(value), nullptr);
}

template <class T, class Add>
void read_list(json_reader& in, std::size_t bytes_each, const Add& add) {
  for (json_reader::list items(in); items.next();) {
    in.charge(bytes_each);
    add(read_dynamic<T>(in));
  }
}

/// Reads contiguous numbers or bytes, in one piece if they came so.
template <class T, class Container>
void read_contiguous(json_reader& in, Container& to) {
  using number = typename bulk_number<T>::type;
  const auto take = [&](std::span<const std::byte> bytes) {
    const auto* const first = reinterpret_cast<const T*>(bytes.data());
    if (reinterpret_cast<std::uintptr_t>(first) % alignof(T) == 0) {
      to.assign(first, first + bytes.size() / sizeof(T));
    } else {
      to.resize(bytes.size() / sizeof(T));
      std::memcpy(to.data(), bytes.data(), bytes.size());
    }
  };
  if constexpr (is_byte<T>) {
    std::vector<std::byte> scratch;
    take(in.bytes(scratch));
  } else if (const auto array = in.numbers(number_code<number>())) {
    take(array->bytes);
  } else {
    read_list<number>(in, sizeof(T), [&](number each) { to.push_back(static_cast<T>(each)); });
  }
}

}  // namespace detail

/// A list; contiguous numbers that are many cross in one piece, bytes always.
template <detail::dynamic_part T, detail::default_policy Allocator>
struct dynamic_codec<std::vector<T, Allocator>> {
  using vector = std::vector<T, Allocator>;

  template <class V>
  static void write(json_writer& out, V&& value) {
    if constexpr (detail::is_bulk<T>)
      detail::write_vector(out, std::forward<V>(value));
    else
      detail::write_list(out, std::forward<V>(value));
  }
  static vector read(json_reader& in) {
    vector value;
    if constexpr (detail::is_bulk<T>)
      detail::read_contiguous<T>(in, value);
    else
      detail::read_list<T>(in, sizeof(T), [&](T&& each) { value.push_back(std::move(each)); });
    return value;
  }
};

template <detail::default_policy Allocator>
struct dynamic_codec<std::vector<bool, Allocator>> {
  using vector = std::vector<bool, Allocator>;

  static void write(json_writer& out, const vector& value) {
    const json_writer::scope level(out);
    out.begin_list();
    for (const bool each : value) out.boolean(each);
    out.end_list();
  }
  static vector read(json_reader& in) {
    vector value;
    detail::read_list<bool>(in, 1, [&](bool each) { value.push_back(each); });
    return value;
  }
};

/// Is read as a vector.
template <detail::dynamic_part T, std::size_t N>
struct dynamic_codec<std::span<const T, N>> {
  static void write(json_writer& out, std::span<const T> value) {
    if constexpr (detail::is_bulk<T>)
      detail::write_contiguous(out, value, nullptr);
    else
      detail::write_list(out, value);
  }
};

template <class T>
struct dynamic_codec<borrowed<T>> {
  static void write(json_writer& out, const borrowed<T>& value) {
    detail::write_contiguous(out, value.elements, nullptr, true);
  }
};

template <detail::dynamic_part T, std::size_t N>
struct dynamic_codec<std::array<T, N>> {
  using array = std::array<T, N>;

  template <class V>
  static void write(json_writer& out, V&& value) {
    if constexpr (detail::is_bulk<T>)
      detail::write_contiguous(out, std::span<const T>(value), nullptr);
    else
      detail::write_list(out, std::forward<V>(value));
  }
  static array read(json_reader& in) {
    if constexpr (detail::is_bulk<T>) {
      std::vector<T> elements;
      detail::read_contiguous<T>(in, elements);
      if (elements.size() != N) detail::wrong_count(in, N, elements.size() > N);
      array value{};
      if constexpr (N != 0) std::copy(elements.begin(), elements.end(), value.begin());
      return value;
    } else {
      json_reader::list items(in);
      [[maybe_unused]] const auto one = [&]() -> T {
        if (!items.next()) detail::wrong_count(in, N, false);
        return read_dynamic<T>(in);
      };
      array value = [&]<std::size_t... I>(std::index_sequence<I...>) {
        // Braces: the elements are read in their order.
        return array{((void)I, one())...};
      }
      (std::make_index_sequence<N>{});
      if (items.next()) detail::wrong_count(in, N, true);
      return value;
    }
  }
};

namespace detail {

template <class Sequence, class T>
struct dynamic_sequence {
  template <class V>
  static void write(json_writer& out, V&& value) {
    write_list(out, std::forward<V>(value));
  }
  static Sequence read(json_reader& in) {
    Sequence value;
    read_list<T>(in, sizeof(T) + node_overhead,
                 [&](T&& each) { value.push_back(std::move(each)); });
    return value;
  }
};

template <class Set, class T, bool Unique>
struct dynamic_set : dynamic_sequence<Set, T> {
  static Set read(json_reader& in) {
    Set value;
    std::size_t inserted = 0;
    read_list<T>(in, sizeof(T) + node_overhead, [&](T&& each) {
      value.emplace_hint(value.end(), std::move(each));
      if constexpr (Unique) {
        if (value.size() != ++inserted) in.fail("an element that occurs twice");
      }
    });
    return value;
  }
};

template <class K>
inline constexpr bool is_text_key = false;
template <class Traits, class Allocator>
inline constexpr bool is_text_key<std::basic_string<char, Traits, Allocator>> = true;

/// With keys that are text, a dict; else, or when one is not UTF-8, a marked list of pairs. Both
/// are read.
template <class Map, class K, class V, bool Unique>
struct dynamic_map {
  template <class M>
  static void write(json_writer& out, M&& value) {
    if constexpr (is_text_key<K> && Unique) {
      bool valid = true;
      for (const auto& [key, mapped] : value)
        if (!json_writer::is_text({key.data(), key.size()})) valid = false;
      if (valid) return write_dict(out, std::forward<M>(value));
    }
    out.begin_marker("m");
    json_writer::scope path(out, 0);
    std::size_t index = 0;
    out.begin_list();
    for (auto& [key, mapped] : value) {
      path.at(index++);
      out.begin_list();
      write_dynamic(out, key);
      write_dynamic(out, part_of<M>(mapped));
      out.end_list();
    }
    out.end_list();
    out.end_marker();
  }
  static Map read(json_reader& in) {
    Map value;
    const auto add = [&](K&& key, V&& mapped) {
      const std::size_t before = value.size();
      value.emplace_hint(value.end(), std::move(key), std::move(mapped));
      if constexpr (Unique) {
        if (value.size() == before) in.fail("a key that occurs twice");
      }
    };
    constexpr std::size_t each = sizeof(K) + sizeof(V) + node_overhead;
    if (in.enter("m")) {
      read_list<std::pair<K, V>>(in, each, [&](std::pair<K, V>&& pair) {
        add(std::move(pair.first), std::move(pair.second));
      });
      in.leave();
      return value;
    }
    json_reader::dict members(in);
    while (members.next()) {
      if constexpr (is_text_key<K>) {
        in.charge(each);
        V mapped = read_dynamic<V>(in);
        add(K(members.key().data(), members.key().size()), std::move(mapped));
      } else {
        in.fail("text as a key, where keys are something else");
      }
    }
    return value;
  }

 private:
  template <class M>
  static void write_dict(json_writer& out, M&& value) {
    json_writer::scope path(out);
    out.begin_dict();
    for (auto& [key, mapped] : value) {
      path.at(key.c_str());
      out.key({key.data(), key.size()});
      write_dynamic(out, part_of<M>(mapped));
    }
    out.end_dict();
  }
};

}  // namespace detail

template <detail::dynamic_part T, detail::default_policy A>
struct dynamic_codec<std::deque<T, A>> : detail::dynamic_sequence<std::deque<T, A>, T> {};
template <detail::dynamic_part T, detail::default_policy A>
struct dynamic_codec<std::list<T, A>> : detail::dynamic_sequence<std::list<T, A>, T> {};
template <detail::dynamic_part T, detail::default_policy A>
struct dynamic_codec<std::forward_list<T, A>>
    : detail::dynamic_sequence<std::forward_list<T, A>, T> {
  static std::forward_list<T, A> read(json_reader& in) {
    std::forward_list<T, A> value;
    auto last = value.before_begin();
    detail::read_list<T>(in, sizeof(T) + detail::node_overhead,
                         [&](T&& each) { last = value.insert_after(last, std::move(each)); });
    return value;
  }
};

template <detail::dynamic_part K, detail::default_policy... P>
struct dynamic_codec<std::set<K, P...>> : detail::dynamic_set<std::set<K, P...>, K, true> {};
template <detail::dynamic_part K, detail::default_policy... P>
struct dynamic_codec<std::multiset<K, P...>>
    : detail::dynamic_set<std::multiset<K, P...>, K, false> {};
template <detail::dynamic_part K, detail::default_policy... P>
struct dynamic_codec<std::unordered_set<K, P...>>
    : detail::dynamic_set<std::unordered_set<K, P...>, K, true> {};
template <detail::dynamic_part K, detail::default_policy... P>
struct dynamic_codec<std::unordered_multiset<K, P...>>
    : detail::dynamic_set<std::unordered_multiset<K, P...>, K, false> {};
template <detail::dynamic_part K, detail::dynamic_part V, detail::default_policy... P>
struct dynamic_codec<std::map<K, V, P...>> : detail::dynamic_map<std::map<K, V, P...>, K, V, true> {
};
template <detail::dynamic_part K, detail::dynamic_part V, detail::default_policy... P>
struct dynamic_codec<std::multimap<K, V, P...>>
    : detail::dynamic_map<std::multimap<K, V, P...>, K, V, false> {};
template <detail::dynamic_part K, detail::dynamic_part V, detail::default_policy... P>
struct dynamic_codec<std::unordered_map<K, V, P...>>
    : detail::dynamic_map<std::unordered_map<K, V, P...>, K, V, true> {};
template <detail::dynamic_part K, detail::dynamic_part V, detail::default_policy... P>
struct dynamic_codec<std::unordered_multimap<K, V, P...>>
    : detail::dynamic_map<std::unordered_multimap<K, V, P...>, K, V, false> {};

}  // namespace glovebox
