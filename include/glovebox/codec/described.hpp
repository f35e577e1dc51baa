// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <type_traits>

namespace glovebox {
namespace detail {

template <class T>
concept described_class = std::is_class_v<T> && boost::describe::has_describe_members<T>::value &&
    boost::describe::has_describe_bases<T>::value;

/// Also what does not travel by itself: arrays, and classes that are abstract or have no default
/// constructor, as long as they are described.
template <class T>
concept described_part =
    transferable<std::remove_all_extents_t<T>> || described_class<std::remove_all_extents_t<T>>;

/// Exists to be named in the compiler's error message.
template <auto Member, class T>
struct described_member {
  static_assert(described_part<T>,
                "glovebox: the type of this described member does not travel; describe it as well, "
                "specialise glovebox::codec for it, or describe the class without the member");
  static_assert(!std::is_const_v<T>,
                "glovebox: this described member is const: the other side could not fill it");
};
template <class Class, class Base>
struct described_base {
  static_assert(described_part<Base>,
                "glovebox: this described base class does not travel; describe it as well, or "
                "specialise glovebox::codec for it");
};

/// Calls `on_base` and `on_member` with each base as its class and each member. C-style casts reach
/// private bases, which a description may name.
template <class T, class OnBase, class OnMember>
void visit_described(T& value, const OnBase& on_base, const OnMember& on_member) {
  using namespace boost::describe;
  using type = std::remove_const_t<T>;
  boost::mp11::mp_for_each<describe_bases<type, mod_any_access>>([&](auto each) {
    using base = typename decltype(each)::type;
    if constexpr (sizeof(described_base<type, base>) != 0 && described_part<base>)
      on_base((std::conditional_t<std::is_const_v<T>, const base, base>&)value);
  });
  boost::mp11::mp_for_each<describe_members<type, mod_any_access>>([&](auto each) {
    using descriptor = decltype(each);
    using member = std::remove_reference_t<decltype(std::declval<type&>().*descriptor::pointer)>;
    if constexpr (sizeof(described_member<descriptor::pointer, member>) != 0 &&
                  described_part<member>)
      on_member(descriptor::name, value.*descriptor::pointer);
  });
}

template <class V>
void write_described(encoder& out, V&& value);

template <class V>
void write_part(encoder& out, V&& value) {
  using type = std::remove_cvref_t<V>;
  if constexpr (std::is_array_v<type>) {
    encoder::scope path(out, 0);
    for (std::size_t i = 0; i != std::extent_v<type>; ++i) {
      path.at(i);
      write_part(out, part_of<V>(value[i]));
    }
  } else if constexpr (transferable<type>) {
    glovebox::encode(out, std::forward<V>(value));
  } else {
    write_described(out, std::forward<V>(value));
  }
}

template <class V>
void write_described(encoder& out, V&& value) {
  encoder::scope path(out);
  visit_described(
      value, [&](auto& base) { write_part(out, part_of<V>(base)); },
      [&](const char* name, auto& member) {
        path.at(name);
        write_part(out, part_of<V>(member));
      });
}

template <class T>
void read_described(decoder& in, T& value);

template <class T>
void read_part(decoder& in, T& value) {
  if constexpr (std::is_array_v<T>) {
    decoder::scope path(in, 0);
    for (std::size_t i = 0; i != std::extent_v<T>; ++i) {
      path.at(i);
      read_part(in, value[i]);
    }
  } else if constexpr (transferable<T> && !requires { codec<T>::is_described; }) {
    value = glovebox::decode<T>(in);
  } else {
    read_described(in, value);
  }
}

template <class T>
void read_described(decoder& in, T& value) {
  decoder::scope path(in);
  visit_described(
      value, [&](auto& base) { read_part(in, base); },
      [&](const char* name, auto& member) {
        path.at(name);
        read_part(in, member);
      });
}

}  // namespace detail

/// Classes described with Boost.Describe: their bases, then their members, private ones too when
/// they are described. The other side constructs an empty object and fills it; so invariants that
/// the constructors establish are the child's word only. Without a public default constructor, or
/// when it cannot be moved, a class does not travel by itself.
template <detail::described_class T>
requires std::is_default_constructible_v<T> && std::is_move_constructible_v<T>
struct codec<T> {
  static constexpr bool is_described = true;  // and no specialisation of somebody else's
  static void encode(encoder& out, const T& value) { detail::write_described(out, value); }
  static void encode_owned(encoder& out, T&& value) {
    detail::write_described(out, std::move(value));
  }
  static T decode(decoder& in) {
    T value = T();
    detail::read_described(in, value);
    return value;
  }
};

}  // namespace glovebox
