// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/callback.hpp>
#include <glovebox/detail/callable.hpp>
#include <glovebox/detail/callback_port.hpp>
#include <glovebox/detail/held_values.hpp>
#include <glovebox/detail/operation.hpp>
#include <glovebox/detail/request.hpp>
#include <glovebox/detail/share.hpp>
#include <glovebox/detail/slots.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace glovebox::detail {

template <class F, class Language>
void user_callable<F, Language>::start(const std::shared_ptr<callable>& self, const answer& from,
                                       callback_ticket ticket) {
  std::shared_ptr<callback_run> made;
  try {
    made = share<callback_run>(
        new run(std::static_pointer_cast<user_callable>(self), Language::read(from)));
  } catch (const codec_error&) {
    throw;
  } catch (...) {
    fail_callback(ticket, Language::reading_failed());
    return;
  }
  made->start(std::move(ticket), asio::get_associated_executor(
                                     function_, asio::any_io_executor(from.from->executor())));
}

template <class T>
T decode_callback_argument(decoder& in, std::size_t& index) {
  decoder::scope path(in, "args", index++);
  return decode<T>(in);
}

/// Calls a function with the arguments of a callback.
template <class... P, class F, class Values, std::size_t... I>
decltype(auto) invoke_callback(F& function, [[maybe_unused]] Values& arguments,
                               std::index_sequence<I...>) {
  return std::invoke(function, value_slot<P>::pass(held<I>(arguments))...);
}

/// A callback between two sides that know its signature: the binary codec.
template <class R, class... P>
struct binary_callback {
  using arguments = held_values<typename stored<P>::type...>;

  static arguments read(const answer& from) {
    decoder in(from.body, from.attachments, from.limits, from.descriptors);
    [[maybe_unused]] std::size_t index = 0;
    arguments values{{decode_callback_argument<typename stored<P>::type>(in, index)}...};
    in.finish();
    return values;
  }
  static std::exception_ptr reading_failed() { return std::current_exception(); }

  template <class F>
  static decltype(auto) invoke(F& function, arguments& values) {
    return invoke_callback<P...>(function, values, std::index_sequence_for<P...>{});
  }

  template <class Got>
  static void write(callback_answer& to, const limits& bounds, Got&& got) {
    if constexpr (!std::is_void_v<R>) {
      encoder out(to.body, to.attachments, bounds);
      encoder::scope path(out, "result");
      glovebox::encode(out, static_cast<R>(std::forward<Got>(got)));
    }
  }
  static void write_nothing(callback_answer&, const limits&) {}
};

/// What a std::function in the child holds: a callable of the parent's.
template <class R, class... P>
struct binary_caller {
  std::shared_ptr<const parent_callable> to;

  R operator()(P... values) const {
    callback_exchange exchange(*to, callback_exchange::language::binary);
    {
      encoder out(exchange.arguments, exchange.attachments, exchange.bounds());
      std::size_t index = 0;
      [[maybe_unused]] const auto one = [&]<class T>(std::type_identity<T>, auto&& value) {
        encoder::scope path(out, "args", index++);
        value_slot<T>::encode(out, std::forward<decltype(value)>(value));
      };
      (one(std::type_identity<P>{}, std::forward<P>(values)), ...);
    }
    exchange.run();
    const auto attached = exchange.attached();
    decoder in(exchange.result, attached, exchange.bounds(), exchange.result_descriptors);
    if constexpr (std::is_void_v<R>) {
      in.finish();
    } else {
      decoder::scope path(in, "result");
      R result = decode<R>(in);
      in.finish();
      return result;
    }
  }
};

template <class F>
struct unwrapped_callback {
  using type = F;
};
template <class F>
struct unwrapped_callback<callback_argument<F>> {
  using type = F;
};

template <class R>
concept transferable_result = std::is_void_v<R> ||(std::is_object_v<R>&& transferable<R>);

/// A parameter that is a std::function, given a callable of the parent's.
template <class R, class... P>
struct callback_slot {
  using holder = std::function<R(P...)>;
  static constexpr bool is_callback = true;

  template <class F>
  static constexpr bool check() {
    constexpr bool copies =
        ((!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>)&&...);
    static_assert(copies,
                  "glovebox: the parameters of a callback are copied to the parent, so T& is none");
    constexpr bool travels =
        copies &&
        (must_travel<typename stored<P>::type, transferable<typename stored<P>::type>> && ...);
    constexpr bool returns = must_travel<R, transferable_result<R>>;
    constexpr bool fits = [] {
      if constexpr (std::is_invocable_v<F&, P...>) {
        using result = typename awaited<std::invoke_result_t<F&, P...>>::result;
        return std::is_void_v<R> || std::is_convertible_v<result, R>;
      } else {
        return false;
      }
    }();
    static_assert(fits,
                  "glovebox: the argument cannot be called as the function's std::function "
                  "parameter says; it may return the result or an asio::awaitable of it");
    return travels && returns && fits;
  }

  /// On the wire: 0 for an empty function, else 1 + 2 * index + kept.
  template <class A>
  static void encode(encoder& out, request& what, A&& argument) {
    using given = std::remove_cvref_t<A>;
    using function = typename unwrapped_callback<given>::type;
    if constexpr (std::is_null_pointer_v<given>) {
      out.number(std::uint64_t{0});
    } else if constexpr (check<function>()) {
      bool kept = false;
      const auto add = [&](auto&& callee) {
        if constexpr (requires { callee == nullptr; }) {
          if (callee == nullptr) {
            out.number(std::uint64_t{0});
            return;
          }
        }
        auto& callables = what.extras.change().callables;
        out.number(std::uint64_t{1} + 2 * callables.size() + (kept ? 1 : 0));
        callables.push_back(share<callable>(new user_callable<function, binary_callback<R, P...>>(
            std::forward<decltype(callee)>(callee), kept)));
      };
      if constexpr (std::is_same_v<given, function>) {
        add(std::forward<A>(argument));
      } else {
        kept = argument.kept;
        add(std::forward<A>(argument).function);
      }
    }
  }

  static holder decode(invocation& call) {
    const auto name = call.in.template number<std::uint64_t>();
    if (name == 0) return {};
    return binary_caller<R, P...>{callback_port::take(name - 1)};
  }
  static holder&& pass(holder& value) { return std::move(value); }

  struct described {
    static void describe(decoder& from, std::string& to) {
      to += from.number<std::uint64_t>() == 0 ? "nullptr" : "a callback";
    }
  };
};

/// std::function&, for functions that change the one they are given: nobody sees that.
template <class R, class... P>
struct callback_reference_slot : callback_slot<R, P...> {
  static std::function<R(P...)>& pass(std::function<R(P...)>& value) { return value; }
};

template <class P>
struct function_parameter {
  static constexpr bool value = false;
};
template <class R, class... P>
struct function_parameter<std::function<R(P...)>> {
  static constexpr bool value = true;
  using slot = callback_slot<R, P...>;
  using reference_slot = callback_reference_slot<R, P...>;
};

template <class P, class A>
requires(function_parameter<std::remove_cvref_t<P>>::value && !is_remote_v<A>)  //
    struct choose_slot<P, A> {
  using function = function_parameter<std::remove_cvref_t<P>>;
  using type = std::conditional_t<std::is_lvalue_reference_v<P>, typename function::reference_slot,
                                  typename function::slot>;
};

}  // namespace glovebox::detail
