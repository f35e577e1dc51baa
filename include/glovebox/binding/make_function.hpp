// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/extras.hpp>
#include <glovebox/binding/parameters.hpp>
#include <glovebox/binding/results.hpp>
#include <glovebox/detail/held_values.hpp>
#include <glovebox/detail/shape.hpp>
#include <glovebox/detail/share.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

/// Registers a class whose objects the parent gets, with what can be found out about it.
template <class T>
void know_class();

/// The object of a method of class T, as the method's first parameter P wants it.
template <class T, class P>
struct self_parameter {
  using bare = std::remove_cvref_t<P>;
  static constexpr bool pointer = std::is_pointer_v<bare>;
  static constexpr bool constant =
      pointer ? std::is_const_v<std::remove_pointer_t<bare>>
              : !std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>;
  static constexpr bool valid =
      pointer ? std::is_convertible_v<T*, bare>
              : std::is_convertible_v<T*, const bare*> &&
                    (std::is_reference_v<P> || std::is_copy_constructible_v<bare>);

  static decltype(auto) pass(T* object) {
    if constexpr (pointer)
      return static_cast<bare>(object);
    else if constexpr (std::is_reference_v<P>)
      return static_cast<P>(*object);
    else
      return static_cast<const bare&>(*object);
  }
};

template <class F>
struct stored_function final : function {
  stored_function(runner runs, F what) : function(runs), target(std::move(what)) {}
  mutable F target;
};

/// \tparam Self the class of a method's object, void for functions
template <class F, class Self, class R, bool ByProxy, bool TakesStop, class List>
struct caller;

template <class F, class R, bool ByProxy, bool TakesStop, class... P>
struct caller<F, void, R, ByProxy, TakesStop, detail::type_list<P...>> {
  using parameters = detail::type_list<P...>;
  static void run(const function& what, call_state& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] detail::held_values<typename taken<P>::holder...> values{
          {read_parameter<P>(call, I)}...};
      call.arguments_read();
      auto& target = static_cast<const stored_function<F>&>(what).target;
      const json_writer::scope path(call.out, "result");
      result_of<R, ByProxy>::write(call.out, [&]() -> decltype(auto) {
        if constexpr (TakesStop)
          return std::invoke(target, taken<P>::pass(detail::held<I>(values))..., call.stop_token());
        else
          return std::invoke(target, taken<P>::pass(detail::held<I>(values))...);
      });
    }
    (std::index_sequence_for<P...>{});
  }
};

template <class F, class Self, class R, bool ByProxy, bool TakesStop, class This, class... P>
requires(!std::is_void_v<Self>) struct caller<F, Self, R, ByProxy, TakesStop,
                                              detail::type_list<This, P...>> {
  using parameters = detail::type_list<P...>;
  using self = self_parameter<Self, This>;
  static void run(const function& what, call_state& call) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto* const object = static_cast<Self*>(call.self(detail::type_name<Self>(), self::constant));
      [[maybe_unused]] detail::held_values<typename taken<P>::holder...> values{
          {read_parameter<P>(call, I)}...};
      call.arguments_read();
      auto& target = static_cast<const stored_function<F>&>(what).target;
      const json_writer::scope path(call.out, "result");
      result_of<R, ByProxy>::write(call.out, [&]() -> decltype(auto) {
        if constexpr (TakesStop)
          return std::invoke(target, self::pass(object), taken<P>::pass(detail::held<I>(values))...,
                             call.stop_token());
        else
          return std::invoke(target, self::pass(object),
                             taken<P>::pass(detail::held<I>(values))...);
      });
    }
    (std::index_sequence_for<P...>{});
  }
};

// ---- what a callable's shape is

template <class F>
struct shape_of {};
template <class F>
requires(!std::is_class_v<F> &&
         !std::is_void_v<decltype(detail::deduce(std::declval<F>()))>) struct shape_of<F> {
  using type = decltype(detail::deduce(std::declval<F>()));
};
template <class F>
requires std::is_class_v<F> && detail::has_one_call_operator<F>
struct shape_of<F> {
  using type = typename detail::without_object<decltype(detail::deduce(&F::operator()))>::type;
};
template <class F>
concept has_shape = requires {
  typename shape_of<F>::type;
};

template <class R, bool ByProxy, class List>
struct is_bindable;
template <class R, bool ByProxy, class... P>
struct is_bindable<R, ByProxy, detail::type_list<P...>> {
  static constexpr bool value = result_of<R, ByProxy>::valid && (parameter_of<P>::valid && ...);
};

template <class List>
struct without_first;
template <class First, class... More>
struct without_first<detail::type_list<First, More...>> {
  using type = detail::type_list<More...>;
};

/// Whether binding the member function as a method would compile.
template <class F>
constexpr bool bindable_method() {
  if constexpr (has_shape<F>) {
    using shape = typename shape_of<F>::type;
    using parameters = typename detail::split_stop<typename shape::parameters>::parameters;
    return is_bindable<typename shape::result, false,
                       typename without_first<parameters>::type>::value;
  } else {
    return false;
  }
}

template <class P>
parameter describe_parameter() {
  parameter made;
  made.type = pretty_type(detail::type_name<std::remove_cvref_t<P>>());
  made.exact = exact_looks<P>();
  return made;
}

template <class R, class... P>
void describe_shape(function& what, detail::type_list<P...>) {
  (what.parameters.push_back(describe_parameter<P>()), ...);
  what.result = pretty_type(detail::type_name<std::remove_cvref_t<R>>());
  (meet_parameter<P>(), ...);
}

/// Reads a default value as the parameter will.
template <class List>
void try_default(std::size_t index, json_reader& in) {
  [&]<class... P>(detail::type_list<P...>) {
    std::size_t at = 0;
    ((at++ == index ? static_cast<void>(taken<P>::read(in)) : static_cast<void>(0)), ...);
  }(List{});
}

template <class Calls, class E>
void apply_extra(function& what, std::size_t& index, const E& extra) {
  if constexpr (std::is_same_v<E, doc>) {
    what.doc = extra.text;
  } else if constexpr (std::is_convertible_v<const E&, std::string_view>) {
    what.doc = std::string_view(extra);
  } else if constexpr (is_arg<E>) {
    name_parameter(what, index, extra.name);
    if constexpr (std::is_same_v<E, arg_with_default>)
      set_default(what, index, extra.fallback, &try_default<typename Calls::parameters>);
    ++index;
  } else {
    static_assert(
        std::is_same_v<E, by_proxy_t>,
        "glovebox: behind a bound function stand arg(\"name\"), doc(\"text\") and by_proxy");
  }
}

/// \tparam Self the class that it is a method of, or void
template <class Self, class F, class... Extra>
std::shared_ptr<function> make_function(F target, const Extra&... extras) {
  constexpr bool known = has_shape<F>;
  static_assert(known,
                "glovebox: only functions, members and callables with one call operator can be "
                "bound; choose among overloads with overload<R(P...)>(&f)");
  if constexpr (known) {
    using shape = typename shape_of<F>::type;
    using split = detail::split_stop<typename shape::parameters>;
    using result = typename shape::result;
    constexpr bool by_proxy = (std::is_same_v<Extra, by_proxy_t> || ...);
    using calls = caller<F, Self, result, by_proxy, split::takes_stop, typename split::parameters>;
    check_result<result, by_proxy>();
    []<class... P>(detail::type_list<P...>) {
      (check_parameter<P>(), ...);
    }(typename calls::parameters{});
    constexpr std::size_t named = (std::size_t{is_arg<Extra>} + ... + 0);
    static_assert(named == 0 || named == calls::parameters::size,
                  "glovebox: name all of a function's parameters, or none");
    if constexpr (is_bindable<result, by_proxy, typename calls::parameters>::value) {
      auto made = detail::share<function>(new stored_function<F>(&calls::run, std::move(target)));
      describe_shape<result>(*made, typename calls::parameters{});
      if constexpr (!std::is_void_v<Self>) made->object = detail::type_name<Self>();
      if constexpr (!std::is_void_v<typename result_of<result, by_proxy>::kept>)
        know_class<typename result_of<result, by_proxy>::kept>();
      [[maybe_unused]] std::size_t index = 0;
      (apply_extra<calls>(*made, index, extras), ...);
      return made;
    }
  }
  return nullptr;
}

}  // namespace glovebox::binding
