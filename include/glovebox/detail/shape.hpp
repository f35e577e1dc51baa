// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

namespace glovebox {

template <class T>
class remote;

/// Chooses among overloads: `call<overload<int(int)>(&f)>(...)`, also for member functions:
/// `overload<std::size_t() const>(&C::size)`.
template <class Signature>
struct overload_t {
  template <class C>
  constexpr auto operator()(Signature C::*f) const noexcept {
    return f;
  }
};
// Only a signature without const or & is also that of a plain function.
template <class R, class... P, bool Noexcept>
struct overload_t<R(P...) noexcept(Noexcept)> {
  using function = R(P...) noexcept(Noexcept);
  constexpr auto operator()(function* f) const noexcept { return f; }
  template <class C>
  constexpr auto operator()(function C::*f) const noexcept {
    return f;
  }
};
template <class Signature>
inline constexpr overload_t<Signature> overload{};

namespace detail {

template <class... T>
struct type_list {
  static constexpr std::size_t size = sizeof...(T);
};

/// What a function takes and gives. `Object` is void, or the class of a member, which is then the
/// first of the parameters as well.
template <class R, class Object, class... P>
struct shape {
  using result = R;
  using object = Object;
  using parameters = type_list<P...>;
};

// By deduction, not by matching decltype(F): g++ warns of the attributes that libc's functions
// lose as template arguments, and noexcept comes free.
template <class R, class... P>
shape<R, void, P...> deduce(R (*)(P...));
template <class R, class C, class... P>
shape<R, C, C&, P...> deduce(R (C::*)(P...));
template <class R, class C, class... P>
shape<R, C, C&, P...> deduce(R (C::*)(P...) &);
template <class R, class C, class... P>
shape<R, C, C&&, P...> deduce(R (C::*)(P...) &&);
template <class R, class C, class... P>
shape<R, C, const C&, P...> deduce(R (C::*)(P...) const);
template <class R, class C, class... P>
shape<R, C, const C&, P...> deduce(R (C::*)(P...) const&);
template <class R, class C, class... P>
shape<R, C, const C&&, P...> deduce(R (C::*)(P...) const&&);
template <class M, class C>
requires(!std::is_function_v<M>) shape<const M&, C, const C&> deduce(M C::*);
template <class R, class... P>
void deduce(R (*)(P..., ...));

template <class Shape>
struct without_object;
template <class R, class C, class This, class... P>
struct without_object<shape<R, C, This, P...>> {
  using type = shape<R, void, P...>;
};

template <class L>
concept has_one_call_operator = requires {
  &L::operator();
};

// A trailing std::stop_token is supplied by the child and is not counted.
template <class List>
struct split_stop {
  using parameters = List;
  static constexpr bool takes_stop = false;
};
template <class List, class... Before>
struct split_last;
template <>
struct split_last<type_list<>> {
  using before = type_list<>;
};
template <class Last, class... Before>
struct split_last<type_list<Last>, Before...> {
  using before = type_list<Before...>;
  using last = Last;
};
template <class Head, class Next, class... Tail, class... Before>
struct split_last<type_list<Head, Next, Tail...>, Before...>
    : split_last<type_list<Next, Tail...>, Before..., Head> {};
template <class... P>
requires(sizeof...(P) > 0) &&
    std::is_same_v<std::remove_cvref_t<typename split_last<type_list<P...>>::last>,
                   std::stop_token> struct split_stop<type_list<P...>> {
  using parameters = typename split_last<type_list<P...>>::before;
  static constexpr bool takes_stop = true;
};

template <class T>
struct is_remote : std::false_type {};
template <class T>
struct is_remote<remote<T>> : std::true_type {
  using object = T;
};
template <class A>
inline constexpr bool is_remote_v = is_remote<std::remove_cvref_t<A>>::value;

/// What a generic lambda's parameter is deduced from.
template <class A>
struct generic_parameter {
  using type = std::decay_t<A>;
};
template <class A>
requires is_remote_v<A>
struct generic_parameter<A> {
  using type = typename is_remote<std::remove_cvref_t<A>>::object&;
};

/// A stateless class with a call operator that is no string: keeps `call<std::string>("f")`, a
/// dynamic call, away from the overload for lambdas.
template <class L>
concept callable_class =
    std::is_class_v<std::remove_cvref_t<L>> && !std::is_convertible_v<L, std::string_view>;

}  // namespace detail
}  // namespace glovebox
