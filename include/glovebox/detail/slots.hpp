// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>
#include <glovebox/detail/shape.hpp>
#include <glovebox/detail/stub_node.hpp>
#include <glovebox/detail/type_name.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox::detail {

template <class T>
inline constexpr bool is_c_string =
    std::is_same_v<T, const char*> || std::is_same_v<T, char*> ||
    (std::is_array_v<T> && std::is_same_v<std::remove_cv_t<std::remove_extent_t<T>>, char>);

template <class T>
struct span_element {};
template <class T, std::size_t N>
struct span_element<std::span<T, N>> {
  using type = std::remove_cv_t<T>;
  static constexpr bool constant = std::is_const_v<T>;
};
template <class T>
concept span_type = requires {
  typename span_element<T>::type;
};

/// The type in which a parameter's value crosses and is kept while the function runs.
template <class P>
struct stored {
  using type = std::remove_cvref_t<P>;
};
template <class P>
requires std::is_same_v < std::remove_cvref_t<P>,
const char* > || std::is_same_v<std::remove_cvref_t<P>, std::string_view> struct stored<P> {
  using type = std::string;
};
template <class P>
requires span_type<std::remove_cvref_t<P>>
struct stored<P> {
  using type = std::vector<typename span_element<std::remove_cvref_t<P>>::type>;
};

/// A parameter P that is given an argument by value.
template <class P>
struct value_slot {
  using holder = typename stored<P>::type;
  using bare = std::remove_cvref_t<P>;

  template <class A>
  static constexpr bool check() {
    constexpr bool out =
        std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;
    static_assert(
        !out,
        "glovebox: this parameter is an out parameter (T&); the child could only change a "
        "copy. Pass a remote<T>, or call a lambda that returns the new value");
    if constexpr (span_type<bare>)
      static_assert(
          span_element<bare>::constant,
          "glovebox: the child gets a copy of a span's elements; take std::span<const T>");
    constexpr bool travels = out || must_travel<holder, transferable<holder>>;
    constexpr bool fits = std::is_convertible_v<A, bare> ||
                          std::is_same_v<std::remove_cvref_t<A>, holder> ||
                          (span_type<bare> && is_borrowed_v<std::remove_cvref_t<A>>);
    static_assert(fits, "glovebox: the argument does not convert to the function's parameter");
    return !out && travels && fits;
  }

  template <class A>
  static void encode(encoder& out, A&& argument) {
    if constexpr (!check<A>()) {
    } else if constexpr (is_borrowed_v<std::remove_cvref_t<A>> ||
                         std::is_same_v<std::remove_cvref_t<A>, holder>) {
      glovebox::encode(out, std::forward<A>(argument));
    } else if constexpr (std::is_same_v<bare, const char*>) {
      const char* const text = argument;
      if (!text) out.fail("a null pointer is no string");
      glovebox::encode(out, std::string_view(text));
    } else {
      // bare is what the function's own call would convert the argument to.
      glovebox::encode(out, static_cast<bare>(std::forward<A>(argument)));
    }
  }

  static holder decode(invocation& call) {
    holder value = glovebox::decode<holder>(call.in);
    if constexpr (span_type<bare>)
      if (bare::extent != std::dynamic_extent && value.size() != bare::extent)
        call.in.fail("the function takes " + std::to_string(bare::extent) + " elements, not " +
                     std::to_string(value.size()));
    return value;
  }

  static decltype(auto) pass(holder& value) {
    if constexpr (std::is_same_v<bare, const char*>)
      return value.c_str();
    else if constexpr (std::is_same_v<bare, std::string_view>)
      return std::string_view(value);
    else if constexpr (span_type<bare>)
      return bare(value);
    else if constexpr (std::is_lvalue_reference_v<P>)
      return static_cast<const holder&>(value);
    else
      return static_cast<holder&&>(value);
  }

  using described = holder;
};

template <class T>
inline constexpr bool is_shared_ptr = false;
template <class T>
inline constexpr bool is_shared_ptr<std::shared_ptr<T>> = true;

/// An object in the child, found by its handle.
template <class U>
struct held_object {
  U* object;
  std::shared_ptr<void> owner;
};

/// A parameter P that is given a `remote<U>`.
template <class P, class U>
struct object_slot {
  using holder = held_object<U>;
  using bare = std::remove_cvref_t<P>;
  static constexpr bool pointer = std::is_pointer_v<bare>;
  static constexpr bool shared = is_shared_ptr<bare>;

  template <class A>
  static constexpr bool check() {
    if constexpr (pointer) {
      constexpr bool fits = std::is_convertible_v<U*, bare>;
      static_assert(fits,
                    "glovebox: the remote object's type does not convert to this parameter's");
      return fits;
    } else if constexpr (shared) {
      constexpr bool fits = std::is_convertible_v<U*, typename bare::element_type*>;
      static_assert(fits,
                    "glovebox: the remote object's type does not convert to this parameter's");
      return fits;
    } else if constexpr (std::is_reference_v<P>) {
      constexpr bool fits = std::is_convertible_v<U*, std::remove_reference_t<P>*>;
      static_assert(fits,
                    "glovebox: the remote object's type does not convert to this parameter's");
      return fits;
    } else {
      constexpr bool fits = std::is_constructible_v<bare, U&>;
      static_assert(
          fits,
          "glovebox: this parameter takes a copy of the remote object, whose class cannot be "
          "copied; make it a reference");
      return fits;
    }
  }

  template <class A>
  static void encode(encoder& out, A&& argument) {
    if constexpr (check<A>()) out.number(argument.handle());
  }

  static holder decode(invocation& call) {
    const std::uint64_t handle = call.in.template number<std::uint64_t>();
    const object_table::entry& entry = call.objects.find(handle, type_name<std::remove_cv_t<U>>());
    // What the function returns a reference into may be any of its objects.
    if (!call.keep)
      call.keep = entry.owner;
    else if (entry.owner && entry.owner != call.keep)
      call.keep = std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<void>>>(
          std::move(call.keep), entry.owner);
    return {static_cast<U*>(entry.address), entry.owner};
  }

  static decltype(auto) pass(holder& held) {
    if constexpr (pointer)
      return static_cast<bare>(held.object);
    else if constexpr (shared)
      return bare(held.owner, held.object);
    else if constexpr (std::is_rvalue_reference_v<P>)
      return std::move(*held.object);
    else
      return static_cast<U&>(*held.object);
  }

  struct described {};  // a handle, in reports
};

template <class P, class A>
struct choose_slot {
  using type = value_slot<P>;
};
template <class P, class A>
requires is_remote_v<A>
struct choose_slot<P, A> {
  using type = object_slot<P, typename is_remote<std::remove_cvref_t<A>>::object>;
};

template <class Parameters, class Arguments>
struct choose_slots;
template <class... P, class... A>
struct choose_slots<type_list<P...>, type_list<A...>> {
  using type = type_list<typename choose_slot<P, A>::type...>;
};

}  // namespace glovebox::detail
