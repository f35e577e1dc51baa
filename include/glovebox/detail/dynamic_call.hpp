// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/call_options.hpp>
#include <glovebox/callback.hpp>
#include <glovebox/detail/callback_slot.hpp>
#include <glovebox/detail/held_values.hpp>
#include <glovebox/detail/object_reference.hpp>
#include <glovebox/detail/own_code.hpp>
#include <glovebox/detail/share.hpp>
#include <glovebox/detail/start.hpp>
#include <glovebox/dynamic.hpp>
#include <glovebox/file_descriptor.hpp>
#include <glovebox/op.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace glovebox {

namespace detail {

/// What no `value` can hold: it travels as an argument, once.
template <class T>
inline constexpr bool argument_only = std::is_same_v<T, file_descriptor>;
template <class F>
inline constexpr bool argument_only<callback_argument<F>> = true;

}  // namespace detail

/// An argument that is passed by its parameter's name: `p.call("detect", keyword("threshold",
/// 0.5))`.
class keyword {
 public:
  /// \throws codec_error when the content cannot travel
  template <class T>
  keyword(std::string name, T&& content) : name_(std::move(name)) {
    using type = std::remove_cvref_t<T>;
    if constexpr (!detail::must_travel<type, dynamic_writable<type>>) {
    } else if constexpr (detail::argument_only<type>) {
      write_ = [held = std::make_shared<const type>(std::forward<T>(content))](json_writer& out) {
        write_dynamic(out, *held);
      };
    } else {
      write_ = [held = value(std::forward<T>(content))](json_writer& out) {
        write_dynamic(out, held);
      };
    }
  }
  const std::string& name() const noexcept { return name_; }

  // ---- for the library
  void write(json_writer& out) const { write_(out); }

 private:
  std::string name_;
  std::function<void(json_writer& out)> write_;
};

namespace detail {

/// Thrown while a result is read that is sound but not what the caller asked for: no fault of the
/// child's, which lives on.
struct unwanted_result {
  std::exception_ptr why;
};

/// The objects of one message to a child.
class GLOVEBOX_API argument_port final : public object_port {
 public:
  /// \param home null: an empty handle, which no call gets through
  argument_port(const target* home, request& what) : home_(home), request_(what) {}
  std::uint64_t handle_of(const std::shared_ptr<const object_reference>& object) override;
  std::uint64_t name_of(std::shared_ptr<callable> callee) override;

 private:
  const target* home_;
  request& request_;
};

/// The objects of one answer: each becomes a reference that is given back, read or not.
class GLOVEBOX_API result_port final : public object_port {
 public:
  explicit result_port(const answer& from);
  std::shared_ptr<const object_reference> adopt(std::uint64_t handle) override;

 private:
  std::unordered_map<std::uint64_t, std::shared_ptr<const object_reference>> objects_;
};

/// The child's arguments are not as many as the callable takes.
[[noreturn]] GLOVEBOX_API void wrong_callback_count(json_reader& in, std::size_t takes);
/// To be called in a handler: why a callable's arguments could not be read.
GLOVEBOX_API std::exception_ptr unwanted_arguments() noexcept;

/// To be called in a handler of a codec_error: what is no JSON is the child's fault, and the error
/// goes on as it is; everything else becomes an `unwanted_result`.
[[noreturn]] GLOVEBOX_API void judge_result(const answer& from, result_port& objects);

/// Reads what an operation returned.
template <class R>
struct dynamic_reader {
  static R read(const answer& from) {
    result_port objects(from);
    try {
      json_reader in(from.body, from.attachments, from.limits, &objects, from.descriptors);
      json_reader::scope path(in, "result");
      R result = read_dynamic<R>(in);
      in.finish();
      return result;
    } catch (const codec_error&) {
      judge_result(from, objects);
    }
  }
};
template <>
struct dynamic_reader<void> {
  static void check(const answer& from) { dynamic_reader<value>::read(from); }
};

/// A callback between two sides that each have a signature of their own: JSON.
template <class... P>
struct json_callback {
  using arguments = held_values<typename stored<P>::type...>;

  static arguments read(const answer& from) {
    result_port objects(from);
    try {
      json_reader in(from.body, from.attachments, from.limits, &objects, from.descriptors);
      in.allow_conversions(true);
      json_reader::scope path(in, "args");
      json_reader::list items(in);
      arguments values{{read_item<typename stored<P>::type>(in, items)}...};
      if (items.next()) wrong_callback_count(in, sizeof...(P));
      in.finish();
      return values;
    } catch (const codec_error&) {
      judge_result(from, objects);
    }
  }
  static std::exception_ptr reading_failed() { return unwanted_arguments(); }

  template <class F>
  static decltype(auto) invoke(F& function, arguments& values) {
    return invoke_callback<P...>(function, values, std::index_sequence_for<P...>{});
  }
  template <class Got>
  static void write(callback_answer& to, const limits& bounds, Got&& got) {
    to.json = true;
    json_writer out(to.body, to.attachments, bounds);
    json_writer::scope path(out, "result");
    write_dynamic(out, std::forward<Got>(got));
  }
  static void write_nothing(callback_answer& to, const limits& bounds) {
    write(to, bounds, nullptr);
  }

 private:
  template <class T>
  static T read_item(json_reader& in, json_reader::list& items) {
    if (!items.next()) wrong_callback_count(in, sizeof...(P));
    return read_dynamic<T>(in);
  }
};

template <class Shape>
struct json_callback_of;
template <class R, class... P>
struct json_callback_of<shape<R, void, P...>> {
  using type = json_callback<P...>;
};

template <class F>
auto shape_of_callable() {
  if constexpr (std::is_pointer_v<F>)
    return decltype(deduce(std::declval<F>())){};
  else
    return typename without_object<decltype(deduce(&F::operator()))>::type{};
}

/// What an operation is done with.
struct operation_target {
  op what;
  const std::shared_ptr<target>& home;
  std::uint64_t object;
  std::string_view name;  // the first argument; null: none
  const call_options& options;
};

template <class A>
void write_positional(json_writer& out, const A& argument) {
  if constexpr (!std::is_same_v<A, keyword>) write_dynamic(out, argument);
}
template <class A>
void write_keyword(json_writer& out, const A& argument) {
  if constexpr (std::is_same_v<A, keyword>) {
    out.key(argument.name());
    argument.write(out);
  }
}

template <class... A>
void write_arguments(json_writer& out, std::string_view name, const A&... arguments) {
  constexpr bool named = (std::is_same_v<A, keyword> || ...);
  if constexpr (named) {
    out.begin_dict();
    out.key("args");
  }
  out.begin_list();
  if (name.data()) write_dynamic(out, name);
  (write_positional(out, arguments), ...);
  out.end_list();
  if constexpr (named) {
    out.key("kwargs");
    out.begin_dict();
    (write_keyword(out, arguments), ...);
    out.end_dict();
    out.end_dict();
  }
}

template <class... A>
request make_operation_request(const operation_target& on, const A&... arguments) {
  request what;
  what.operation = on.what;
  what.object = on.object;
  what.options = on.options;
  what.pure = on.options.pure || only_looks(on.what);
  try {
    argument_port objects(on.home.get(), what);
    json_writer out(what.body, what.attachments, on.home ? on.home->bounds() : limits{}, &objects);
    json_writer::scope path(out, "args");
    write_arguments(out, on.name, arguments...);
  } catch (...) {
    what.extras.change().encode_error = std::current_exception();
  }
  return what;
}

template <class R>
struct operation_signature
    : call_signature<std::conditional_t<
          has_empty_state<R>, R, std::optional<std::conditional_t<std::is_void_v<R>, int, R>>>> {};

template <class R, class Last>
concept token_of = asio::completion_token_for<Last, typename operation_signature<R>::type> &&
    !std::is_same_v<std::remove_cvref_t<Last>, keyword>;

/// An operation, given the types of its arguments.
template <class R, class Arguments>
struct started_operation;
template <class R, class... A>
struct started_operation<R, type_list<A...>> {
  template <class Token>
  static auto start(const operation_target& on, const std::remove_reference_t<A>&... arguments,
                    Token&& token) {
    return detail::start<R, dynamic_reader<R>>(target_or_none(on.home),
                                               make_operation_request(on, arguments...),
                                               std::forward<Token>(token));
  }
};

template <class R, class Arguments>
inline constexpr bool ends_with_token = false;
template <class R, class First, class... A>
inline constexpr bool ends_with_token<R, type_list<First, A...>> =
    token_of<R, typename split_last<type_list<First, A...>>::last>;

/// Starts an operation; its last argument is the completion token if it can be one.
template <class R, class... A>
auto operate(const operation_target& on, A&&... arguments) {
  if constexpr (!std::is_void_v<R>) static_cast<void>(must_travel<R, dynamic_readable<R>>);
  if constexpr (ends_with_token<R, type_list<A...>>)
    return started_operation<R, typename split_last<type_list<A...>>::before>::start(
        on, std::forward<A>(arguments)...);
  else
    return started_operation<R, type_list<A...>>::start(on, arguments...,
                                                        asio::use_awaitable_t<>{});
}

}  // namespace detail

/// In the parent, as an argument of dynamic calls.
template <class F>
struct dynamic_codec<detail::callback_argument<F>> {
  static void write(json_writer& out, const detail::callback_argument<F>& argument) {
    constexpr bool one_signature = std::is_pointer_v<F> || detail::has_one_call_operator<F>;
    static_assert(one_signature,
                  "glovebox: what is called by a dynamic call's function needs one signature: give "
                  "the lambda's parameters types");
    static_assert(std::is_copy_constructible_v<F>,
                  "glovebox: callables in dynamic calls are copied; share what cannot be copied");
    if constexpr (one_signature && std::is_copy_constructible_v<F>) {
      using language =
          typename detail::json_callback_of<decltype(detail::shape_of_callable<F>())>::type;
      out.callable(detail::share<detail::callable>(
          new detail::user_callable<F, language>(argument.function, argument.kept)));
    }
  }
};

}  // namespace glovebox
