// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// How arguments reach the parameters of C functions. A slot is chosen by the parameter P and the
/// argument A (choose_c_slot in c_choice.hpp). Its `holder` lives in the child while the function
/// runs; a slot with a type `back` returns something to the parent.

#include <glovebox/c_arguments.hpp>
#include <glovebox/detail/c_reply.hpp>
#include <glovebox/detail/describe.hpp>
#include <glovebox/detail/slots.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace glovebox::detail {

template <class P>
concept function_pointer = std::is_pointer_v<P> && std::is_function_v<std::remove_pointer_t<P>>;
template <class P>
concept data_pointer = std::is_pointer_v<P> && !function_pointer<P>;
template <class P>
concept const_data_pointer = data_pointer<P> && std::is_const_v<std::remove_pointer_t<P>>;
template <class P>
concept pointer_to_pointer = data_pointer<P> && data_pointer<std::remove_pointer_t<P>>;

template <class T>
inline constexpr bool is_c_byte =
    std::is_same_v<T, char> || std::is_same_v<T, signed char> || std::is_same_v<T, unsigned char> ||
    std::is_same_v<T, char8_t> || std::is_same_v<T, std::byte>;

/// Whether elements of type E may lie where P points to. C libraries call bytes by any name.
template <class P, class E>
constexpr bool points_to() {
  using to = std::remove_cv_t<std::remove_pointer_t<P>>;
  return std::is_void_v<to> || std::is_same_v<to, E> || (is_c_byte<to> && is_c_byte<E>);
}

/// P that points to this memory.
template <class P, class T>
P pointer_to(T* memory) {
  using untyped = std::conditional_t<std::is_const_v<T>, const void, void>;
  return static_cast<P>(static_cast<untyped*>(memory));
}

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_std_optional = false;
template <class T>
inline constexpr bool is_std_optional<std::optional<T>> = true;

/// A value that C code may see: no constructors, and it travels.
template <class T>
concept c_value = std::is_object_v<T> && std::is_trivially_copyable_v<T> && transferable<T>;
/// What can be an element of a buffer; the elements of std::vector<bool> are no bools in memory.
template <class T>
concept c_element = c_value<T> && !std::is_same_v<T, bool>;

template <class A>
concept contiguous = requires(std::remove_reference_t<A>& range) {
  std::span(range);
};
template <contiguous A>
using element_of = std::remove_cv_t<typename decltype(std::span(
    std::declval<std::remove_reference_t<A>&>()))::element_type>;

/// What most slots have: they fit, return nothing and have no memory.
template <class Holder>
struct plain_slot {
  using holder = Holder;
  template <class A>
  static constexpr bool check() {
    return true;
  }
  static extent memory(const holder&) noexcept { return {}; }
};

/// `nullptr`
template <class P>
struct null_slot : plain_slot<std::monostate> {
  template <class A>
  static void encode(encoder&, A&&) {}
  static std::monostate decode(invocation&) { return {}; }
  static P pass(std::monostate&) noexcept { return nullptr; }
  static void describe(decoder&, std::string& to) { to += "nullptr"; }
};

/// A callback: an object of a class without state, which the child makes itself.
template <class P, class L>
struct function_slot : plain_slot<std::monostate> {
  template <class A>
  static void encode(encoder&, A&&) {}
  static std::monostate decode(invocation&) { return {}; }
  static P pass(std::monostate&) { return L{}; }
  static void describe(decoder&, std::string& to) { to += "a function"; }
};

// ---- texts and buffers that the function reads

/// The character type of a text that A is, if P can point to it.
template <class P, class A, class... E>
struct find_text_char {
  using type = void;
};
template <class P, class A, class E, class... Others>
struct find_text_char<P, A, E, Others...> {
  static constexpr bool found =
      points_to<P, E>() && (std::is_convertible_v<A, std::basic_string_view<E>> ||
                            std::is_convertible_v<A, std::basic_string<E>>);
  using type = typename std::conditional_t<found, std::type_identity<E>,
                                           find_text_char<P, A, Others...>>::type;
};
template <class P, class A>
struct text_char : find_text_char<P, A, char, char8_t, wchar_t, char16_t, char32_t> {};
template <class P, class T>
struct text_char<P, std::optional<T>> : text_char<P, const T&> {};
template <class P, class A>
using text_char_t =
    typename text_char<P, std::conditional_t<is_std_optional<std::remove_cvref_t<A>>,
                                             std::remove_cvref_t<A>, A>>::type;

/// A text with a NUL behind it, or a null pointer.
template <class P, class E>
struct text_slot : plain_slot<std::optional<std::basic_string<E>>> {
  using text = std::basic_string<E>;
  using view = std::basic_string_view<E>;
  using holder = std::optional<text>;

  template <class A>
  static void encode(encoder& out, A&& argument) {
    using type = std::remove_cvref_t<A>;
    if constexpr (is_std_optional<type>) {
      glovebox::encode(out, argument.has_value());
      if (argument) write(out, part_of<A>(*argument));
    } else if constexpr (std::is_pointer_v<type>) {
      glovebox::encode(out, argument != nullptr);
      if (argument) write(out, view(argument));
    } else {
      glovebox::encode(out, true);
      write(out, std::forward<A>(argument));
    }
  }
  static holder decode(invocation& call) {
    if (!glovebox::decode<bool>(call.in)) return std::nullopt;
    return glovebox::decode<text>(call.in);
  }
  static P pass(holder& held) noexcept {
    return held ? pointer_to<P>(static_cast<const E*>(held->c_str())) : nullptr;
  }
  static extent memory(const holder& held) noexcept {
    if (!held) return {};
    return std::as_bytes(std::span(held->c_str(), held->size() + 1));
  }
  static void describe(decoder& in, std::string& to) {
    if (glovebox::decode<bool>(in))
      describe_value(glovebox::decode<text>(in), to);
    else
      to += "nullptr";
  }

 private:
  template <class T>
  static void write(encoder& out, T&& value) {
    using type = std::remove_cvref_t<T>;
    if constexpr (std::is_array_v<type>) {
      const view whole(value, std::extent_v<type>);
      glovebox::encode(out, whole.substr(0, whole.find(E())));
    } else if constexpr (std::is_same_v<type, text> || std::is_same_v<type, view>) {
      glovebox::encode(out, std::forward<T>(value));
    } else if constexpr (std::is_convertible_v<T, view>) {
      glovebox::encode(out, static_cast<view>(value));
    } else {
      glovebox::encode(out, static_cast<text>(std::forward<T>(value)));
    }
  }
};

/// Elements that the function reads.
template <class P, class E>
struct buffer_slot : plain_slot<std::vector<E>> {
  using holder = std::vector<E>;

  template <class A>
  static void encode(encoder& out, A&& argument) {
    using type = std::remove_cvref_t<A>;
    if constexpr (is_borrowed_v<type> || std::is_same_v<type, holder>)
      glovebox::encode(out, std::forward<A>(argument));
    else
      glovebox::encode(out, std::span<const E>(argument));
  }
  static holder decode(invocation& call) { return glovebox::decode<holder>(call.in); }
  static P pass(holder& held) noexcept { return pointer_to<P>(std::as_const(held).data()); }
  static extent memory(const holder& held) noexcept { return std::as_bytes(std::span(held)); }
  static void describe(decoder& in, std::string& to) {
    describe_value(glovebox::decode<holder>(in), to);
  }
};

// ---- memory that the function writes to

/// How the content of an `in_out` argument is kept in the child, and what comes back.
template <class C>
struct kept_content {
  using type = C;  // a single value
  using element = C;
  static constexpr bool single = true;
};
template <contiguous C>
struct kept_content<C> {
  using type = std::conditional_t<is_std_array<C>, C, std::vector<element_of<C>>>;
  using element = element_of<C>;
  static constexpr bool single = false;
};
template <class E, class Traits, class Allocator>
struct kept_content<std::basic_string<E, Traits, Allocator>> {
  using type = std::basic_string<E>;
  using element = E;
  static constexpr bool single = false;
};
template <class E, class Traits>
struct kept_content<std::basic_string_view<E, Traits>> : kept_content<std::basic_string<E>> {};

/// One value, or elements that are next to each other.
template <class P, class Content, bool Single>
struct written_slot : plain_slot<Content> {
  using back = Content;

  static P pass(Content& held) noexcept {
    if constexpr (Single)
      return pointer_to<P>(std::addressof(held));
    else
      return pointer_to<P>(held.data());
  }
  static extent memory(const Content& held) noexcept {
    if constexpr (Single)
      return std::as_bytes(std::span(std::addressof(held), 1));
    else
      return std::as_bytes(std::span(held));
  }
  static void give_back(c_reply& to, Content& held) {
    glovebox::encode(to.body(), std::move(held));
  }
};

template <class P, class C>
struct in_out_slot : written_slot<P, typename kept_content<C>::type, kept_content<C>::single> {
  using content = typename kept_content<C>::type;

  template <class A>
  static void encode(encoder& out, A&& argument) {
    if constexpr (!std::is_same_v<C, content>) {
      if constexpr (std::is_convertible_v<const C&, std::span<const element>>)
        glovebox::encode(out, std::span<const element>(argument.get()));
      else
        glovebox::encode(out, content(argument.get()));
    } else if constexpr (std::is_lvalue_reference_v<A>) {
      glovebox::encode(out, argument.get());
    } else {
      glovebox::encode(out, argument.take());
    }
  }
  static content decode(invocation& call) { return glovebox::decode<content>(call.in); }
  static void describe(decoder& in, std::string& to) {
    to += "in_out(";
    describe_value(glovebox::decode<content>(in), to);
    to += ')';
  }

 private:
  using element = typename kept_content<C>::element;
};

/// A number of elements, or bytes, that the child makes room for.
inline std::size_t decode_room(decoder& in, std::size_t bytes_each) {
  const std::uint64_t count = in.count();
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / bytes_each;
  in.charge(count > most ? std::numeric_limits<std::uint64_t>::max() : count * bytes_each);
  return static_cast<std::size_t>(count);
}

inline void describe_room(std::string_view how, decoder& in, std::string& to) {
  to += how;
  to += '(';
  describe_number(static_cast<unsigned long long>(in.count()), to);
  to += ')';
}

template <class P, class T, bool Single>
struct out_slot : written_slot<P, std::conditional_t<Single, T, std::vector<T>>, Single> {
  using content = std::conditional_t<Single, T, std::vector<T>>;

  template <class A>
  static void encode(encoder& out, A&& argument) {
    if constexpr (!Single) out.count(argument.count());
  }
  static content decode(invocation& call) {
    if constexpr (Single)
      return T{};
    else
      return content(decode_room(call.in, sizeof(T)));
  }
  static void describe(decoder& in, std::string& to) {
    if constexpr (Single)
      to += "out()";
    else
      describe_room("out", in, to);
  }
};

template <class P>
struct out_text_slot : written_slot<P, std::string, false> {
  template <class A>
  static void encode(encoder& out, A&& argument) {
    out.count(argument.size());
  }
  static std::string decode(invocation& call) { return std::string(decode_room(call.in, 1), '\0'); }
  static void give_back(c_reply& to, std::string& held) {
    held.resize(std::min(held.find('\0'), held.size()));
    glovebox::encode(to.body(), std::move(held));
  }
  static void describe(decoder& in, std::string& to) { describe_room("out_text", in, to); }
};

// ---- pointers to pointers

/// A pointer that the function may store to: P is its address, U what it then points to.
template <class P, class U>
struct out_handle_slot : plain_slot<std::remove_cv_t<std::remove_pointer_t<P>>> {
  using holder = std::remove_cv_t<std::remove_pointer_t<P>>;
  using back = remote<U>;

  template <class A>
  static void encode(encoder&, A&&) {}
  static holder decode(invocation&) { return nullptr; }
  static P pass(holder& held) noexcept { return &held; }
  static extent memory(const holder& held) noexcept { return std::as_bytes(std::span(&held, 1)); }
  static void give_back(c_reply& to, holder& held) { to.handle(static_cast<U*>(held)); }
  static void describe(decoder&, std::string& to) { to += "out_handle()"; }
};

/// The same, with a pointer in it from the start.
template <class P, class U>
struct in_out_handle_slot : out_handle_slot<P, U> {
  using holder = typename out_handle_slot<P, U>::holder;

  template <class A>
  static void encode(encoder& out, A&& argument) {
    out.number(argument.get().handle());
  }
  static holder decode(invocation& call) {
    const std::uint64_t handle = call.in.template number<std::uint64_t>();
    if (handle == 0) return nullptr;
    return static_cast<U*>(call.objects.find(handle, type_name<std::remove_cv_t<U>>()).address);
  }
  static void describe(decoder& in, std::string& to) {
    to += "in_out(object #";
    describe_number(static_cast<unsigned long long>(in.number<std::uint64_t>()), to);
    to += ')';
  }
};

template <class P>
struct out_offset_slot : plain_slot<std::remove_cv_t<std::remove_pointer_t<P>>> {
  using holder = std::remove_cv_t<std::remove_pointer_t<P>>;
  using back = std::optional<std::size_t>;

  template <class A>
  static void encode(encoder&, A&&) {}
  static holder decode(invocation&) { return nullptr; }
  static P pass(holder& held) noexcept { return &held; }
  static void give_back(c_reply& to, holder& held) {
    using element = std::remove_cv_t<std::remove_pointer_t<holder>>;
    back place = to.offset(held);
    if constexpr (!std::is_void_v<element>)
      if (place) *place /= sizeof(element);
    glovebox::encode(to.body(), place);
  }
  static void describe(decoder&, std::string& to) { to += "out_offset()"; }
};

}  // namespace glovebox::detail
