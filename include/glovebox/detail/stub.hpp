// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/current_stop.hpp>
#include <glovebox/detail/describe.hpp>
#include <glovebox/detail/held_values.hpp>
#include <glovebox/detail/results.hpp>
#include <glovebox/detail/slots.hpp>
#include <glovebox/detail/stub_node.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace glovebox::detail {

/// What a stub runs: a function, a member, or a lambda given as a template argument.
template <auto F>
struct named_target {
  static constexpr std::string_view name() { return function_name<F>(); }
  template <class... A>
  static decltype(auto) run(A&&... arguments) {
    if constexpr (requires { F(std::forward<A>(arguments)...); })
      return F(std::forward<A>(arguments)...);
    else
      return std::invoke(F, std::forward<A>(arguments)...);
  }
};

/// A captureless lambda, or another class without state.
template <class L>
struct lambda_target {
  static constexpr std::string_view name() { return type_name<L>(); }
  template <class... A>
  static decltype(auto) run(A&&... arguments) {
    return L{}(std::forward<A>(arguments)...);
  }
};

/// `new T(...)`, for `make`.
template <class T>
struct constructor_target {
  static constexpr std::string_view name() { return type_name<T>(); }
  template <class... A>
  static std::shared_ptr<T> run(A&&... arguments) {
    return std::make_shared<T>(std::forward<A>(arguments)...);
  }
};

template <class T, class Arguments>
struct constructor_shape;
template <class T, class... A>
struct constructor_shape<T, type_list<A...>> {
  using type = shape<std::shared_ptr<T>, void, typename generic_parameter<A>::type...>;
};

/// Reads the argument that is next.
template <class Slot>
inline typename Slot::holder decode_argument(invocation& call, std::size_t& index) {
  decoder::scope path(call.in, "args", index++);
  return Slot::decode(call);
}

/// The child's end of one function with one way of passing its arguments, and the node that names
/// it. `Result` is the function's own result type.
template <class Target, class Result, bool TakesStop, class Slots>
struct GLOVEBOX_LOCAL stub;

template <class Target, class Result, bool TakesStop, class... Slot>
struct GLOVEBOX_LOCAL stub<Target, Result, TakesStop, type_list<Slot...>> {
  static stub_node node;

  static void invoke(invocation& call) { run(call, std::index_sequence_for<Slot...>{}); }

  static std::string describe(decoder& arguments) {
    std::string text;
    (describe_argument<typename Slot::described>(arguments, text), ...);
    return text;
  }

 private:
  template <std::size_t... I>
  static void run(invocation& call, std::index_sequence<I...>) {
    [[maybe_unused]] std::size_t index = 0;
    [[maybe_unused]] held_values<typename Slot::holder...> values{
        {decode_argument<Slot>(call, index)}...};
    call.in.finish();
    result_of<Result>::write(call, [&]() -> decltype(auto) {
      if constexpr (TakesStop)
        return Target::run(Slot::pass(held<I>(values))..., current_stop_token());
      else
        return Target::run(Slot::pass(held<I>(values))...);
    });
  }
};

template <class Target, class Result, bool TakesStop, class... Slot>
GLOVEBOX_LOCAL stub_node stub<Target, Result, TakesStop, type_list<Slot...>>::node{
    &stub::invoke, &stub::describe, Target::name()};

}  // namespace glovebox::detail
