// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Which slot passes an argument to a parameter of a C function, or what is wrong with the two.

#include <glovebox/detail/c_slots.hpp>

namespace glovebox::detail {

template <class A>
inline constexpr bool is_in_out = false;
template <class C>
inline constexpr bool is_in_out<in_out_argument<C>> = true;

/// An `in_out` of a `remote`.
template <class A>
inline constexpr bool is_in_out_handle = false;
template <class C>
inline constexpr bool is_in_out_handle<in_out_argument<C>> = is_remote_v<C>;

template <class A>
inline constexpr bool is_out =
    std::is_same_v<A, out_text_argument> || std::is_same_v<A, out_offset_argument>;
template <class T, bool Single>
inline constexpr bool is_out<out_argument<T, Single>> = true;
template <class T>
inline constexpr bool is_out<out_handle_argument<T>> = true;

/// Says, at compile time, why an argument does not become the parameter.
template <class P, class A>
struct refused_slot {
  template <class Given>
  static constexpr bool check() {
    constexpr bool never = sizeof(std::type_identity<Given>) == 0;
    if constexpr (std::is_reference_v<P>)
      static_assert(never,
                    "glovebox: C functions have no references; write a pointer in the signature");
    else if constexpr (is_in_out<A> || is_out<A>)
      static_assert(never,
                    "glovebox: in_out, out, out_text, out_handle and out_offset are for parameters "
                    "that point to their contents, and not to const");
    else if constexpr (function_pointer<P>)
      static_assert(never,
                    "glovebox: a callback of a C function runs in the child: pass a captureless "
                    "lambda of its type, glovebox::c_function<&f>, or nullptr. Captures and the "
                    "addresses of functions mean nothing there");
    else if constexpr (!std::is_pointer_v<P>)
      static_assert(never,
                    "glovebox: C functions take numbers, pointers, and structs that are trivially "
                    "copyable and described with BOOST_DESCRIBE_STRUCT");
    else if constexpr (std::is_pointer_v<std::remove_cvref_t<A>>)
      static_assert(never,
                    "glovebox: a pointer of this process means nothing in the child: pass a "
                    "container or a std::span of the elements, in_out, out, or a remote<T>");
    else if constexpr (pointer_to_pointer<P>)
      static_assert(never,
                    "glovebox: for a pointer to a pointer pass out_handle<T>(), out_offset(), "
                    "in_out(remote), or nullptr");
    else if constexpr (const_data_pointer<P>)
      static_assert(never,
                    "glovebox: the argument is no contiguous range of what this parameter points "
                    "to: pass a std::vector, std::array, std::span or string of trivially copyable "
                    "elements that travel, a remote<T>, or nullptr");
    else
      static_assert(never,
                    "glovebox: the function may write through this parameter: pass in_out(...), "
                    "out<T>(), out<T>(count), a remote<T>, or nullptr; or, if it only reads, write "
                    "a pointer to const in the signature");
    return false;
  }
};

/// A number, or a struct by value.
template <class P>
struct c_value_slot : value_slot<P> {
  static extent memory(const typename value_slot<P>::holder&) noexcept { return {}; }
  static void describe(decoder& in, std::string& to) {
    describe_value(glovebox::decode<typename value_slot<P>::described>(in), to);
  }
};
/// An object in the child, opaque here.
template <class P, class U>
struct c_object_slot : object_slot<P, U> {
  static extent memory(const typename object_slot<P, U>::holder&) noexcept { return {}; }
  static void describe(decoder& in, std::string& to) {
    to += "object #";
    describe_number(static_cast<unsigned long long>(in.number<std::uint64_t>()), to);
  }
};

template <class P>
concept writable_pointer = data_pointer<P> && !const_data_pointer<P>;

/// The slot for memory that is written to, by its wrapper.
template <class P, class C>
constexpr auto choose_written_slot(std::type_identity<in_out_argument<C>>) {
  using content = std::remove_cvref_t<C>;
  using kept = kept_content<content>;
  if constexpr (is_remote_v<content>) {
    using object = typename is_remote<content>::object;
    if constexpr (std::is_same_v<P, object**>)
      return std::type_identity<in_out_handle_slot<P, object>>();
    else
      return std::type_identity<refused_slot<P, in_out_argument<C>>>();
  } else {
    constexpr bool visible = kept::single ? c_value<content> : c_element<typename kept::element>;
    if constexpr (writable_pointer<P> && points_to<P, typename kept::element>() && visible)
      return std::type_identity<in_out_slot<P, content>>();
    else
      return std::type_identity<refused_slot<P, in_out_argument<C>>>();
  }
}
template <class P, class T, bool Single>
constexpr auto choose_written_slot(std::type_identity<out_argument<T, Single>>) {
  constexpr bool visible = Single ? c_value<T> : c_element<T>;
  if constexpr (writable_pointer<P> && points_to<P, T>() && visible &&
                std::is_default_constructible_v<T>)
    return std::type_identity<out_slot<P, T, Single>>();
  else
    return std::type_identity<refused_slot<P, out_argument<T, Single>>>();
}
template <class P>
constexpr auto choose_written_slot(std::type_identity<out_text_argument>) {
  if constexpr (writable_pointer<P> && points_to<P, char>())
    return std::type_identity<out_text_slot<P>>();
  else
    return std::type_identity<refused_slot<P, out_text_argument>>();
}
template <class P, class U>
constexpr auto choose_written_slot(std::type_identity<out_handle_argument<U>>) {
  using stored = std::remove_pointer_t<P>;
  constexpr bool fits = std::is_same_v<stored, U*> || std::is_same_v<stored, void*> ||
                        (std::is_const_v<U> && (std::is_same_v<stored, std::remove_const_t<U>*> ||
                                                std::is_same_v<stored, const void*>));
  if constexpr (writable_pointer<P> && fits)
    return std::type_identity<out_handle_slot<P, U>>();
  else
    return std::type_identity<refused_slot<P, out_handle_argument<U>>>();
}
/// Whether the size of what P points to, at second hand, is known.
template <class P>
inline constexpr bool points_to_known = requires {
  std::declval<std::remove_pointer_t<P>>() + 1;
};
template <class P>
requires std::is_void_v<std::remove_pointer_t<std::remove_pointer_t<P>>>
inline constexpr bool points_to_known<P> = true;

template <class P>
constexpr auto choose_written_slot(std::type_identity<out_offset_argument>) {
  if constexpr (writable_pointer<P> && pointer_to_pointer<P> && points_to_known<P>)
    return std::type_identity<out_offset_slot<P>>();
  else
    return std::type_identity<refused_slot<P, out_offset_argument>>();
}

/// The slot for what a pointer to const points to.
template <class P, class A>
constexpr auto choose_read_slot() {
  using type = std::remove_cvref_t<A>;
  if constexpr (is_borrowed_v<type>) {
    using element = typename decltype(type::elements)::value_type;
    if constexpr (points_to<P, element>())
      return std::type_identity<buffer_slot<P, element>>();
    else
      return std::type_identity<refused_slot<P, type>>();
  } else if constexpr (!std::is_void_v<text_char_t<P, A>>) {
    return std::type_identity<text_slot<P, text_char_t<P, A>>>();
  } else if constexpr (contiguous<A>) {
    if constexpr (c_element<element_of<A>> && points_to<P, element_of<A>>())
      return std::type_identity<buffer_slot<P, element_of<A>>>();
    else
      return std::type_identity<refused_slot<P, type>>();
  } else {
    return std::type_identity<refused_slot<P, type>>();
  }
}

template <class P, class A>
constexpr auto choose_c_slot() {
  using type = std::remove_cvref_t<A>;
  if constexpr (std::is_reference_v<P>) {
    return std::type_identity<refused_slot<P, type>>();
  } else if constexpr (std::is_pointer_v<P> && (std::is_same_v<type, std::nullptr_t> ||
                                                std::is_same_v<type, std::nullopt_t>)) {
    return std::type_identity<null_slot<P>>();
  } else if constexpr (function_pointer<P>) {
    constexpr bool stateless = std::is_class_v<type> && std::is_empty_v<type> &&
                               std::is_default_constructible_v<type> &&
                               std::is_convertible_v<type, P>;
    return std::type_identity<
        std::conditional_t<stateless, function_slot<P, type>, refused_slot<P, type>>>();
  } else if constexpr (is_remote_v<type>) {
    return std::type_identity<c_object_slot<P, typename is_remote<type>::object>>();
  } else if constexpr (is_in_out<type> || is_out<type>) {
    return choose_written_slot<P>(std::type_identity<type>());
  } else if constexpr (const_data_pointer<P>) {
    return choose_read_slot<P, A>();
  } else if constexpr (!std::is_pointer_v<P> && c_value<P>) {
    return std::type_identity<c_value_slot<P>>();
  } else {
    return std::type_identity<refused_slot<P, type>>();
  }
}

template <class Parameters, class Arguments>
struct choose_c_slots;
template <class... P, class... A>
struct choose_c_slots<type_list<P...>, type_list<A...>> {
  using type = type_list<typename decltype(choose_c_slot<P, A>())::type...>;
};

}  // namespace glovebox::detail
