// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/call_state.hpp>
#include <glovebox/binding/function.hpp>
#include <glovebox/dynamic.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox::binding {

using detail::object_class;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;

/// A parameter that takes a value, which lives until the function has returned.
template <class P, class Holder = std::remove_cvref_t<P>>
struct value_parameter {
  using holder = Holder;
  static holder read(json_reader& in) { return read_dynamic<Holder>(in); }
  static decltype(auto) pass(holder& held) {
    if constexpr (std::is_lvalue_reference_v<P>)
      return static_cast<const holder&>(held);
    else
      return static_cast<holder&&>(held);
  }
};

struct no_value {};

/// A parameter of a class: an object of it in the child, or, if the class travels, a value.
template <class P>
struct class_parameter {
  using type = std::remove_cvref_t<P>;
  static constexpr bool copied = !std::is_lvalue_reference_v<P>;
  struct holder {
    const type* object = nullptr;
    std::shared_ptr<void> owner;
    std::conditional_t<copied || dynamic_readable<type>, std::optional<type>, no_value> value;
  };
  static holder read(json_reader& in) {
    holder held;
    if constexpr (dynamic_readable<type>) {
      if (in.marker() != "ref") {
        held.value.emplace(read_dynamic<type>(in));
        return held;
      }
    }
    held.object = detail::resolve<const type>(in, &held.owner);
    return held;
  }
  static decltype(auto) pass(holder& held) {
    if constexpr (copied) {
      // The function gets a copy of an object, and a value itself.
      if (held.object) held.value.emplace(*held.object);
      return static_cast<type&&>(*held.value);
    } else if constexpr (dynamic_readable<type>) {
      return static_cast<const type&>(held.object ? *held.object : *held.value);
    } else {
      return static_cast<const type&>(*held.object);
    }
  }
};

/// A parameter that may change its argument: an object in the child.
template <class P>
struct object_parameter {
  using type = std::remove_reference_t<P>;
  struct holder {
    type* object = nullptr;
    std::shared_ptr<void> owner;
  };
  static holder read(json_reader& in) {
    holder held;
    held.object = detail::resolve<type>(in, &held.owner);
    return held;
  }
  static type& pass(holder& held) { return *held.object; }
};

enum class parameter_kind { text, span, value, class_, object, out, stranger };

/// How a parameter of type P gets its argument. An `out` parameter cannot, nor a `stranger`.
template <class P>
struct parameter_of {
  using bare = std::remove_cvref_t<P>;
  static constexpr bool changes =
      std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;
  using kind = parameter_kind;
  static constexpr kind what() {
    if constexpr (std::is_same_v<bare, const char*> || std::is_same_v<bare, std::string_view>)
      return kind::text;
    else if constexpr (is_span<bare>)
      return std::is_const_v<typename bare::element_type> &&
                     dynamic_readable<std::remove_cv_t<typename bare::element_type>>
                 ? kind::span
                 : kind::stranger;
    else if constexpr (changes)
      return object_class<bare> && !detail::reads_references<bare> ? kind::object : kind::out;
    else if constexpr (detail::reads_references<bare>)
      return dynamic_readable<bare> ? kind::value : kind::stranger;
    else if constexpr (object_class<bare> && std::is_lvalue_reference_v<P>)
      return kind::class_;
    else if constexpr (object_class<bare>)
      return std::is_copy_constructible_v<bare> ? kind::class_
             : dynamic_readable<bare>           ? kind::value
                                                : kind::stranger;
    else
      return dynamic_readable<bare> ? kind::value : kind::stranger;
  }
  static constexpr bool valid = what() != kind::out && what() != kind::stranger;
};

template <class P, auto Kind = parameter_of<P>::what()>
struct taken;
template <class P>
struct taken<P, parameter_kind::text> {
  using holder = std::string;
  static holder read(json_reader& in) { return in.string(); }
  static auto pass(holder& held) {
    if constexpr (std::is_same_v<std::remove_cvref_t<P>, const char*>)
      return held.c_str();
    else
      return std::string_view(held);
  }
};
template <class P>
struct taken<P, parameter_kind::span> {
  using span = std::remove_cvref_t<P>;
  using holder = std::vector<std::remove_cv_t<typename span::element_type>>;
  static holder read(json_reader& in) {
    holder held = read_dynamic<holder>(in);
    if (span::extent != std::dynamic_extent && held.size() != span::extent)
      detail::wrong_count(in, span::extent, held.size() > span::extent);
    return held;
  }
  static span pass(holder& held) { return span(held); }
};
template <class P>
struct taken<P, parameter_kind::value> : value_parameter<P> {};
template <class P>
struct taken<P, parameter_kind::class_> : class_parameter<P> {};
template <class P>
struct taken<P, parameter_kind::object> : object_parameter<P> {};

/// What an argument that is exactly right looks like.
template <class P>
constexpr unsigned exact_looks() {
  using bare = std::remove_cvref_t<P>;
  constexpr parameter_kind kind = parameter_of<P>::what();
  if constexpr (kind == parameter_kind::object)
    return looks_marker;
  else if constexpr (kind == parameter_kind::class_ && !dynamic_readable<bare>)
    return looks_marker;
  else if constexpr (kind == parameter_kind::text || std::is_same_v<bare, std::string>)
    return looks_text | looks_marker;
  else if constexpr (std::is_same_v<bare, bool>)
    return looks_boolean | looks_marker;
  else if constexpr (std::is_integral_v<bare> && !detail::is_character<bare>)
    return looks_integer | looks_marker;
  else if constexpr (std::is_floating_point_v<bare>)
    return looks_real | looks_marker;
  else
    return looks_any;
}

template <class P>
typename taken<P>::holder read_parameter(call_state& call, std::size_t index) {
  const call_state::argument at(call, index);
  return taken<P>::read(at.in);
}

/// Exists to be named in the compiler's error message.
template <class P>
constexpr void check_parameter() {
  static_assert(
      parameter_of<P>::what() != parameter_kind::out,
      "glovebox: this parameter is an out parameter (T&) of a type that is no class; bind "
      "a lambda that returns the new value");
  static_assert(parameter_of<P>::what() != parameter_kind::stranger,
                "glovebox: this parameter's type can neither travel nor be an object: describe it "
                "with BOOST_DESCRIBE_STRUCT, specialise glovebox::codec<T>, or bind a lambda");
}

/// Registers the class of an object that a parameter takes.
GLOVEBOX_API void meet_class(std::string_view type, const std::type_info& info);

template <class P>
void meet_parameter() {
  using type = std::remove_cv_t<std::remove_pointer_t<std::remove_cvref_t<P>>>;
  if constexpr (object_class<type>) {
    if constexpr (requires { sizeof(type); }) meet_class(detail::type_name<type>(), typeid(type));
  }
}

}  // namespace glovebox::binding
