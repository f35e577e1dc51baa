// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/c_choice.hpp>
#include <glovebox/detail/c_library.hpp>
#include <glovebox/detail/own_code.hpp>

#include <array>
#include <cerrno>
#include <memory>

namespace glovebox::detail {

// ---- what comes back

/// A C function's result: `parent` is its type there.
template <class R>
struct c_result {
  using function = R;
  using parent = R;
  static constexpr bool marks_errno = false;
  static constexpr bool check() {
    static_assert(!std::is_reference_v<R>,
                  "glovebox: C functions have no references; write a pointer in the signature");
    static_assert(std::is_void_v<R> || std::is_reference_v<R> || c_value<R>,
                  "glovebox: C functions return numbers, pointers, and structs that are trivially "
                  "copyable and described with BOOST_DESCRIBE_STRUCT");
    return std::is_void_v<R> || (!std::is_reference_v<R> && c_value<R>);
  }
  static void write(c_reply& to, const auto& result) { glovebox::encode(to.body(), result); }
};
template <data_pointer R>
struct c_result<R> {
  using function = R;
  using parent = remote<std::remove_pointer_t<R>>;
  static constexpr bool marks_errno = false;
  static constexpr bool check() { return true; }
  static void write(c_reply& to, R result) { to.handle(result); }
};
/// A text is copied, since nobody could read it through a handle.
template <>
struct c_result<const char*> {
  using function = const char*;
  using parent = std::optional<std::string>;
  static constexpr bool marks_errno = false;
  static constexpr bool check() { return true; }
  static void write(c_reply& to, const char* result) {
    glovebox::encode(to.body(), result != nullptr);
    if (result) glovebox::encode(to.body(), std::string_view(result));
  }
};
template <function_pointer R>
struct c_result<R> {
  using function = R;
  using parent = R;
  static constexpr bool marks_errno = false;
  static constexpr bool check() {
    static_assert(data_pointer<R>,
                  "glovebox: a function pointer means nothing in this process; write void* in the "
                  "signature to get an opaque handle of it");
    return false;
  }
};
template <class R>
struct c_result<with_errno<R>> : c_result<R> {
  static constexpr bool marks_errno = true;
};

template <class... Lists>
struct join_lists;
template <class... T>
struct join_lists<type_list<T...>> {
  using type = type_list<T...>;
};
template <class... T, class... U, class... Others>
struct join_lists<type_list<T...>, type_list<U...>, Others...>
    : join_lists<type_list<T..., U...>, Others...> {};

template <class Slot>
struct back_of {
  using type = type_list<>;
};
template <class Slot>
requires requires {
  typename Slot::back;
}
struct back_of<Slot> {
  using type = type_list<typename Slot::back>;
};

/// What a call returns in the parent: a tuple if there is more than the function's result.
template <class Result, class Slots>
struct c_answer;
template <class Result, class... Slot>
struct c_answer<Result, type_list<Slot...>> {
  using own = c_result<Result>;
  using parts =
      typename join_lists<std::conditional_t<std::is_void_v<typename own::parent>, type_list<>,
                                             type_list<typename own::parent>>,
                          std::conditional_t<own::marks_errno, type_list<int>, type_list<>>,
                          typename back_of<Slot>::type...>::type;
  static constexpr bool is_tuple = own::marks_errno || (requires { typename Slot::back; } || ...);

  template <class List>
  struct made_of;
  template <class... T>
  struct made_of<type_list<T...>> {
    using tuple = std::tuple<T...>;
    static constexpr std::size_t handles = (std::size_t{0} + ... + std::size_t{is_remote_v<T>});
  };
  using parent = std::conditional_t<is_tuple, typename made_of<parts>::tuple, typename own::parent>;
  static constexpr std::size_t handles = made_of<parts>::handles;
};

// ---- the child's end

/// `library::call<double(double)>`, as a user writes it.
template <class Signature>
struct c_stub_name {
  static constexpr std::string_view before = "library::call<", signature = type_name<Signature>(),
                                    after = ">";
  static constexpr auto characters = [] {
    std::array<char, before.size() + signature.size() + after.size()> text{};
    auto at = text.begin();
    for (const std::string_view part : {before, signature, after})
      at = std::copy(part.begin(), part.end(), at);
    return text;
  }();
  static constexpr std::string_view text{characters.data(), characters.size()};
};

/// The child's end of all C functions with one signature and one way of passing the arguments. The
/// arguments follow the library's handle and the symbol.
template <class Signature, class Slots>
struct GLOVEBOX_LOCAL c_stub;

template <class Result, class... P, class... Slot>
struct GLOVEBOX_LOCAL c_stub<Result(P...), type_list<Slot...>> {
  static stub_node node;
  using answer = c_answer<Result, type_list<Slot...>>;
  using own = typename answer::own;
  using function = typename own::function(P...);

  static void invoke(invocation& call) {
    const auto run = reinterpret_cast<function*>(decode_function(call));
    [[maybe_unused]] std::size_t index = 0;
    held_values<typename Slot::holder...> values{{decode_argument<Slot>(call, index)}...};
    call.in.finish();
    serve(call, run, values, std::index_sequence_for<Slot...>{});
  }

  static std::string describe(decoder& arguments) {
    arguments.number<std::uint64_t>();
    std::string text;
    describe_value(glovebox::decode<std::string>(arguments), text);
    ((text += ", ", Slot::describe(arguments, text)), ...);
    return text;
  }

 private:
  static void* decode_function(invocation& call) {
    const auto handle = call.in.template number<std::uint64_t>();
    const auto symbol = call.in.blob();
    auto* const library =
        static_cast<c_library*>(call.objects.find(handle, type_name<c_library>()).address);
    return library->function({reinterpret_cast<const char*>(symbol.data()), symbol.size()});
  }

  template <std::size_t... I>
  static void serve(invocation& call, function* run,
                    [[maybe_unused]] held_values<typename Slot::holder...>& values,
                    std::index_sequence<I...>) {
    const std::array<extent, sizeof...(Slot)> memory{Slot::memory(held<I>(values))...};
    c_reply reply(call, answer::handles, memory);
    encoder::scope path(call.out, "result");
    if constexpr (own::marks_errno) errno = 0;
    if constexpr (std::is_void_v<typename own::parent>) {
      run(Slot::pass(held<I>(values))...);
      write_errno(call, errno);
    } else {
      const auto result = run(Slot::pass(held<I>(values))...);
      const int error = errno;
      own::write(reply, result);
      write_errno(call, error);
    }
    (write_back<Slot>(reply, held<I>(values)), ...);
    reply.complete();
  }
  static void write_errno(invocation& call, int error) {
    if constexpr (own::marks_errno) glovebox::encode(call.out, error);
  }
  template <class S>
  static void write_back(c_reply& reply, typename S::holder& value) {
    if constexpr (requires { typename S::back; }) S::give_back(reply, value);
  }
};

template <class Result, class... P, class... Slot>
GLOVEBOX_LOCAL stub_node c_stub<Result(P...), type_list<Slot...>>::node{
    &c_stub::invoke, &c_stub::describe, c_stub_name<Result(P...)>::text};

// ---- the parent's end

template <class Slot, class A>
void encode_c_argument(encoder& out, std::size_t index, const target& to, request& what,
                       A&& argument) {
  if constexpr (is_in_out_handle<std::remove_cvref_t<A>>) {
    encoder::scope path(out, "args", index);
    const auto& object = argument.get();
    if (object && object.home().get() != &to) refuse_object(out, to, object.home().get());
    if (object) what.extras.change().kept.push_back(object.keep_alive());
    Slot::encode(out, argument);
  } else {
    encode_argument<Slot>(out, index, to, what, std::forward<A>(argument));
  }
}

/// \param library the handle of the library, which is kept alive by `kept`
template <class... Slot, class... A>
void encode_c_call(type_list<Slot...>, const target& to, request& what, std::uint64_t library,
                   std::string_view symbol, A&&... arguments) {
  try {
    encoder out(what.body, what.attachments, to.bounds());
    out.number(library);
    out.blob(std::as_bytes(std::span(symbol)));
    [[maybe_unused]] std::size_t index = 0;
    (encode_c_argument<Slot>(out, index++, to, what, std::forward<A>(arguments)), ...);
  } catch (...) {
    what.extras.change().encode_error = std::current_exception();
  }
}

template <class... Slot, class... A>
constexpr bool check_c_slots(type_list<Slot...>, type_list<A...>) {
  bool fit = true;
  ((fit = Slot::template check<A>() && fit), ...);
  return fit;
}

/// The parent's end of a call, given the types of the function's arguments.
template <class Result, class Parameters, class Arguments>
struct GLOVEBOX_LOCAL typed_c_call;

template <class Result, class... P, class... A>
struct GLOVEBOX_LOCAL typed_c_call<Result, type_list<P...>, type_list<A...>> {
  template <class Library, class Token>
  static auto start(const Library& library, std::string_view symbol, A&&... arguments,
                    Token&& token) {
    using slots = typename choose_c_slots<type_list<P...>, type_list<A...>>::type;
    if constexpr (check_c_slots(slots{}, type_list<A...>{})) {
      using stub_type = c_stub<Result(P...), slots>;
      using result = typename stub_type::answer::parent;
      const std::shared_ptr<target>& on = library.home();
      request what;
      what.stub = &stub_type::node;
      what.options = library.options();
      if (on) {
        what.extras.change().kept.push_back(library.keep_alive());
        encode_c_call(slots{}, *on, what, library.handle(), symbol, std::forward<A>(arguments)...);
      }
      return detail::start<result>(target_or_none(on), std::move(what), std::forward<Token>(token));
    }
  }
};

/// `Library` has home(), handle(), keep_alive() and options().
template <class Shape, class Library, class... A>
GLOVEBOX_LOCAL auto call_c_function(const Library& library, std::string_view symbol,
                                    A&&... arguments) {
  static_assert(!std::is_void_v<Shape>,
                "glovebox: C variadic functions cannot be called through a signature; call a "
                "captureless lambda of the program that passes fixed arguments");
  if constexpr (!std::is_void_v<Shape>) {
    using parameters = typename Shape::parameters;
    constexpr std::size_t count = parameters::size;
    constexpr bool right_count = sizeof...(A) == count || sizeof...(A) == count + 1;
    static_assert(right_count,
                  "glovebox: the number of arguments is not the signature's (one more is taken as "
                  "the completion token)");
    using result = typename Shape::result;
    if constexpr (!right_count || !c_result<result>::check()) {
    } else if constexpr (sizeof...(A) == count) {
      return typed_c_call<result, parameters, type_list<A...>>::start(
          library, symbol, std::forward<A>(arguments)..., asio::use_awaitable_t<>{});
    } else {
      using values = typename split_last<type_list<A...>>::before;
      return typed_c_call<result, parameters, values>::start(library, symbol,
                                                             std::forward<A>(arguments)...);
    }
  }
}

}  // namespace glovebox::detail
