// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/call_options.hpp>
#include <glovebox/detail/callback_slot.hpp>
#include <glovebox/detail/start.hpp>
#include <glovebox/detail/stub.hpp>
#include <glovebox/failures.hpp>
#include <glovebox/item_range.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace glovebox::detail {

// ---- what a target's shape is, for the arguments at hand

template <auto F>
struct shape_of_value {};  // of a generic lambda: it depends on the arguments
template <auto F>
requires(!std::is_class_v<decltype(F)>) struct shape_of_value<F> {
  using type = decltype(deduce(F));
};
template <auto F>
requires std::is_class_v<decltype(F)> && has_one_call_operator<decltype(F)>
struct shape_of_value<F> {
  using type = typename without_object<decltype(deduce(&decltype(F)::operator()))>::type;
};

template <class L, class Arguments>
struct shape_of_generic;
template <class L, class... A>
struct shape_of_generic<L, type_list<A...>> {
  using type = shape<std::invoke_result_t<L, typename generic_parameter<A>::type...>, void,
                     typename generic_parameter<A>::type...>;
};

/// The target itself, or, for an empty handle, one that answers every call with a state_error.
GLOVEBOX_API std::shared_ptr<target> target_or_none(const std::shared_ptr<target>& on);

/// Says that an object does not live where a call goes. Null: an empty handle.
GLOVEBOX_API std::string misplaced_object(const target* goes_to, const target* lives_in);

/// Fails the encoding of an object that does not live where the call goes.
[[noreturn]] GLOVEBOX_API void refuse_object(encoder& out, const target& goes_to,
                                             const target* lives_in);

/// Encodes one argument. Remote objects are kept alive until the call has run, and must live where
/// the call goes.
template <class Slot, class A>
void encode_argument(encoder& out, std::size_t index, const target& to, request& what,
                     A&& argument) {
  encoder::scope path(out, "args", index);
  if constexpr (is_remote_v<A>) {
    if (argument.home().get() != &to) refuse_object(out, to, argument.home().get());
    what.extras.change().kept.push_back(argument.keep_alive());
  }
  if constexpr (requires { Slot::is_callback; })
    Slot::encode(out, what, std::forward<A>(argument));
  else
    Slot::encode(out, std::forward<A>(argument));
}

template <class... Slot, class... A>
void encode_arguments(type_list<Slot...>, const target& to, request& what, A&&... arguments) {
  try {
    encoder out(what.body, what.attachments, to.bounds());
    [[maybe_unused]] std::size_t index = 0;
    (encode_argument<Slot>(out, index++, to, what, std::forward<A>(arguments)), ...);
  } catch (...) {
    what.extras.change().encode_error = std::current_exception();
  }
}

/// Whether a function's type promises that it changes nothing: a const member.
template <class Shape>
inline constexpr bool is_pure = false;
template <class R, class C, class This, class... P>
inline constexpr bool is_pure<shape<R, C, This, P...>> =
    !std::is_void_v<C> && std::is_const_v<std::remove_reference_t<This>>;

/// The parent's end of a call, given the types of the function's arguments.
template <class Target, class Shape, class Arguments>
struct GLOVEBOX_LOCAL typed_call;

template <class Target, class Shape, class... A>
struct GLOVEBOX_LOCAL typed_call<Target, Shape, type_list<A...>> {
  template <class Token>
  static auto start(const std::shared_ptr<target>& on, const call_options& options,
                    A&&... arguments, Token&& token) {
    using split = split_stop<typename Shape::parameters>;
    using slots = typename choose_slots<typename split::parameters, type_list<A...>>::type;
    using stub_type = stub<Target, typename Shape::result, split::takes_stop, slots>;
    using result = typename result_of<typename Shape::result>::parent;
    request what;
    what.stub = &stub_type::node;
    what.options = options;
    what.pure = options.pure || is_pure<Shape>;
    if (on) encode_arguments(slots{}, *on, what, std::forward<A>(arguments)...);
    return detail::start<result>(target_or_none(on), std::move(what), std::forward<Token>(token));
  }
};

template <class Target, class Shape, class... A>
GLOVEBOX_LOCAL auto call_shape(const std::shared_ptr<target>& on, const call_options& options,
                               A&&... arguments) {
  static_assert(!std::is_void_v<Shape>,
                "glovebox: C variadic functions cannot be called; call a lambda that passes fixed "
                "arguments");
  if constexpr (!std::is_void_v<Shape>) {
    constexpr std::size_t count = split_stop<typename Shape::parameters>::parameters::size;
    constexpr bool right_count = sizeof...(A) == count || sizeof...(A) == count + 1;
    static_assert(right_count,
                  "glovebox: the number of arguments is not the function's (one more is taken as "
                  "the completion token)");
    if constexpr (!right_count) {
    } else if constexpr (sizeof...(A) == count) {
      return typed_call<Target, Shape, type_list<A...>>::start(
          on, options, std::forward<A>(arguments)..., asio::use_awaitable_t<>{});
    } else {
      using values = typename split_last<type_list<A...>>::before;
      return typed_call<Target, Shape, values>::start(on, options, std::forward<A>(arguments)...);
    }
  }
}

/// `call` for everything that calls can be made on. `Handle` has `home()` and `options()`.
template <class Handle>
class own_code {
 public:
  /// Runs a function, a member function (its object, a `remote<C>`, is the first argument) or reads
  /// a data member in the child. An optional last argument is the completion token.
  template <auto F, class... A>
  [[nodiscard]] GLOVEBOX_LOCAL auto call(A&&... arguments) const {
    if constexpr (requires { typename shape_of_value<F>::type; })
      return call_shape<named_target<F>, typename shape_of_value<F>::type>(
          self().home(), self().options(), std::forward<A>(arguments)...);
    else
      return call_callable<named_target<F>, decltype(F)>(std::forward<A>(arguments)...);
  }

  /// Runs a captureless lambda in the child.
  template <class L, class... A>
  requires callable_class<L>
  [[nodiscard]] GLOVEBOX_LOCAL auto call(L, A&&... arguments) const {
    constexpr bool stateless = std::is_empty_v<L> && std::is_default_constructible_v<L>;
    static_assert(stateless,
                  "glovebox: only captureless lambdas run in a child; pass what it needs as "
                  "arguments");
    if constexpr (stateless)
      return call_callable<lambda_target<L>, L>(std::forward<A>(arguments)...);
  }

  template <class... A>
  void call(const char*, A&&...) const = delete;  // a name needs a module: import_isolated(...)

 private:
  template <class Target, class L, class... A>
  GLOVEBOX_LOCAL auto call_callable(A&&... arguments) const {
    if constexpr (has_one_call_operator<L>) {
      using shape = typename without_object<decltype(deduce(&L::operator()))>::type;
      return call_shape<Target, shape>(self().home(), self().options(),
                                       std::forward<A>(arguments)...);
    } else if constexpr (std::is_invocable_v<L, typename generic_parameter<A>::type...>) {
      return call_shape<Target, typename shape_of_generic<L, type_list<A...>>::type>(
          self().home(), self().options(), std::forward<A>(arguments)...);
    } else {
      using values = typename split_last<type_list<A...>>::before;
      return call_shape<Target, typename shape_of_generic<L, values>::type>(
          self().home(), self().options(), std::forward<A>(arguments)...);
    }
  }

  const Handle& self() const noexcept { return static_cast<const Handle&>(*this); }
};

}  // namespace glovebox::detail
