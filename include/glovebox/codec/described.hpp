// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <type_traits>

namespace glovebox {
namespace detail {

template <class T>
struct described_fields {
  template <class F>
  static void each_base(F&& f) {
    boost::mp11::mp_for_each<boost::describe::describe_bases<T, boost::describe::mod_any_access>>(f);
  }
  template <class F>
  static void each_member(F&& f) {
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>(
        f);
  }

  template <class M>
  static void encode_member(encoder& out, const M& member) {
    if constexpr (std::is_array_v<M>) {
      encoder::scope path(out, std::size_t{0});
      std::size_t index = 0;
      for (const auto& each : member) {
        path.at(index++);
        encode_member(out, each);
      }
    } else {
      static_assert(transferable<M>,
                    "glovebox: a described class has a member whose type does not travel; describe "
                    "that type too, or specialise glovebox::codec for it");
      glovebox::encode(out, member);
    }
  }
  template <class M>
  static void decode_member(decoder& in, M& member) {
    if constexpr (std::is_array_v<M>) {
      decoder::scope path(in, std::size_t{0});
      std::size_t index = 0;
      for (auto& each : member) {
        path.at(index++);
        decode_member(in, each);
      }
    } else {
      member = glovebox::decode<M>(in);
    }
  }

  static void encode(encoder& out, const T& value) {
    each_base([&](auto base) {
      using type = typename decltype(base)::type;
      described_fields<type>::encode(out, static_cast<const type&>(value));
    });
    each_member([&](auto member) {
      encoder::scope path(out, member.name);
      encode_member(out, value.*member.pointer);
    });
  }
  static void decode(decoder& in, T& value) {
    each_base([&](auto base) {
      using type = typename decltype(base)::type;
      described_fields<type>::decode(in, static_cast<type&>(value));
    });
    each_member([&](auto member) {
      decoder::scope path(in, member.name);
      decode_member(in, value.*member.pointer);
    });
  }
};

}  // namespace detail

/// Classes described with Boost.Describe, member by member, bases first. They are constructed
/// empty and then filled, so they need a default constructor.
template <class T>
  requires boost::describe::has_describe_members<T>::value && (!std::is_union_v<T>) &&
           std::is_default_constructible_v<T>
struct codec<T> {
  static void encode(encoder& out, const T& value) {
    detail::described_fields<T>::encode(out, value);
  }
  static T decode(decoder& in) {
    T value{};
    detail::described_fields<T>::decode(in, value);
    return value;
  }
};

}  // namespace glovebox
