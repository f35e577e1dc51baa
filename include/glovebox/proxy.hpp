// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/call_options.hpp>
#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/dynamic.hpp>
#include <glovebox/item_range.hpp>
#include <glovebox/library.hpp>
#include <glovebox/remote.hpp>
#include <glovebox/slice.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox {

/// The dynamic handle of something that lives in a child: an object, a class, a module or a
/// function. What can be done with it is one set of operations, whatever language it is written in;
/// names and types are looked at when a call is made.
///
/// Arguments are values that travel (dynamic.hpp), `keyword`s, and handles of objects of the same
/// child. `R` is what the result is read as: `value`, which is any of them, unless it is given. A
/// result that is no R ends the call with `codec_error`, and the child lives. Objects come back as
/// handles: `proxy p = co_await q.call("f")`.
///
/// Handles may be copied, used and destroyed on any thread, also after the context's end; calls
/// then end with `state_error`. Tokens, deadlines and cancellation are those of `context`; a bare
/// lambda as the last argument is a completion handler, never an argument. Source: the operations
/// are those of Python's data model (docs.python.org, "Data model").
class proxy {
 public:
  /// Empty; calls end with `state_error`.
  proxy() = default;
  /// The dynamic handle of an object with a typed one.
  template <class T>
  proxy(const remote<T>& object) : object_(object.reference()), options_(object.options()) {}
  /// Of a C library: functions are called by their declarations in C, in any child.
  /// \code
  /// glovebox::proxy libm(co_await ctx.load_library("libm.so.6"));
  /// double c = co_await libm.call<double>("double cos(double)", 0.5);
  /// \endcode
  /// Arguments are those of `library::call`; a list stands for the elements that a pointer points
  /// to, a `callback` for a function pointer. With arguments that come back the result is a list,
  /// to be read as a tuple. Needs a library that was built with libffi.
  explicit proxy(const library& of) : object_(of.reference()), options_(of.options()) {}
  explicit proxy(std::shared_ptr<const detail::object_reference> object)
      : object_(std::move(object)) {}

  /// Calls a method, a module's function, or a class to make an object.
  template <class R = value, class... A>
  requires(!std::is_function_v<R>)
      [[nodiscard]] auto call(std::string_view name, A&&... arguments) const {
    return operate<R>(op::call_method, name, std::forward<A>(arguments)...);
  }
  /// Calls the object itself: a function, a class, or what has a call operator.
  template <class R = value, class... A>
  [[nodiscard]] auto invoke(A&&... arguments) const {
    return operate<R>(op::call, {}, std::forward<A>(arguments)...);
  }

  // ---- attributes
  template <class R = value, class... Token>
  [[nodiscard]] auto get(std::string_view name, Token&&... token) const {
    return operate<R>(op::get, name, std::forward<Token>(token)...);
  }
  template <class V, class... Token>
  [[nodiscard]] auto set(std::string_view name, V&& content, Token&&... token) const {
    return operate<void>(op::set, name, std::forward<V>(content), std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto has(std::string_view name, Token&&... token) const {
    return operate<bool>(op::has, name, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto del(std::string_view name, Token&&... token) const {
    return operate<void>(op::del, name, std::forward<Token>(token)...);
  }

  // ---- items; a key may be a `slice`
  template <class R = value, class K, class... Token>
  [[nodiscard]] auto get_item(K&& key, Token&&... token) const {
    return operate<R>(op::get_item, {}, std::forward<K>(key), std::forward<Token>(token)...);
  }
  template <class K, class V, class... Token>
  [[nodiscard]] auto set_item(K&& key, V&& content, Token&&... token) const {
    return operate<void>(op::set_item, {}, std::forward<K>(key), std::forward<V>(content),
                         std::forward<Token>(token)...);
  }
  template <class K, class... Token>
  [[nodiscard]] auto del_item(K&& key, Token&&... token) const {
    return operate<void>(op::del_item, {}, std::forward<K>(key), std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto size(Token&&... token) const {
    return operate<std::uint64_t>(op::size, {}, std::forward<Token>(token)...);
  }
  template <class K, class... Token>
  [[nodiscard]] auto contains(K&& key, Token&&... token) const {
    return operate<bool>(op::contains, {}, std::forward<K>(key), std::forward<Token>(token)...);
  }
  /// The elements, one after another, fetched in chunks: see `item_range`.
  template <class T = value, class... Token>
  [[nodiscard]] auto iterate(Token&&... token) const {
    static_cast<void>(detail::must_travel<T, dynamic_readable<T>>);
    return operate<item_range<T>>(op::iterate, {}, std::forward<Token>(token)...);
  }

  // ---- what every object has
  template <class... Token>
  [[nodiscard]] auto str(Token&&... token) const {
    return operate<std::string>(op::str, {}, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto repr(Token&&... token) const {
    return operate<std::string>(op::repr, {}, std::forward<Token>(token)...);
  }
  /// \param how one of == != < <= > >=
  template <class V, class... Token>
  [[nodiscard]] auto compare(std::string_view how, V&& other, Token&&... token) const {
    return operate<bool>(op::compare, how, std::forward<V>(other), std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto hash(Token&&... token) const {
    return operate<value>(op::hash, {}, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto truth(Token&&... token) const {
    return operate<bool>(op::truth, {}, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto dir(Token&&... token) const {
    return operate<std::vector<std::string>>(op::dir, {}, std::forward<Token>(token)...);
  }
  /// What it is for, or, with a name, what that member of it is for: a function, a class, a method
  /// or a property. Ends with `std::logic_error` when there is no such member.
  /// \param of_member optional: a name, as `dir` lists it; then the completion token
  template <class... A>
  [[nodiscard]] auto doc(A&&... of_member) const {
    return operate<std::string>(op::doc, {}, std::forward<A>(of_member)...);
  }
  /// How it is called, one text an overload; or, with a name, how that member of it is.
  /// \param of_member as of `doc`
  template <class... A>
  [[nodiscard]] auto signature(A&&... of_member) const {
    return operate<std::vector<std::string>>(op::signature, {}, std::forward<A>(of_member)...);
  }
  template <class... Token>
  [[nodiscard]] auto type_name(Token&&... token) const {
    return operate<std::string>(op::type_name, {}, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto is_instance(const proxy& of_class, Token&&... token) const {
    return operate<bool>(op::is_instance, {}, of_class, std::forward<Token>(token)...);
  }
  template <class... Token>
  [[nodiscard]] auto is_same(const proxy& other, Token&&... token) const {
    return operate<bool>(op::is_same, {}, other, std::forward<Token>(token)...);
  }
  /// A copy, independent of the object afterwards.
  template <class T = value, class... Token>
  [[nodiscard]] auto by_value(Token&&... token) const {
    return operate<T>(op::by_value, {}, std::forward<Token>(token)...);
  }

  /// The same object, with other options for the calls made through the result.
  proxy with(call_options options) const {
    proxy copy(*this);
    copy.options_ = options;
    return copy;
  }
  /// Whether there is an object at all.
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Whether both are the same object of the same child.
  bool operator==(const proxy& other) const noexcept {
    if (!object_ || !other.object_) return object_ == other.object_;
    return object_->home == other.object_->home && object_->handle == other.object_->handle;
  }

  // ---- for the library
  const std::shared_ptr<const detail::object_reference>& reference() const noexcept {
    return object_;
  }

 private:
  template <class R, class... A>
  auto operate(op what, std::string_view name, A&&... arguments) const {
    return detail::operate<R>(
        {what, object_ ? object_->home : nullptr, object_ ? object_->handle : 0, name, options_},
        std::forward<A>(arguments)...);
  }

  std::shared_ptr<const detail::object_reference> object_;
  call_options options_;
};

template <>
struct dynamic_codec<proxy> {
  static constexpr bool reads_references = true;
  static void write(json_writer& out, const proxy& object) { out.reference(object.reference()); }
  static proxy read(json_reader& in) { return in.null() ? proxy() : proxy(in.object().object); }
};

namespace detail {

template <class T>
std::unique_ptr<item_chunk> read_dynamic_chunk(const answer& from) {
  auto got = dynamic_reader<std::pair<std::vector<T>, bool>>::read(from);
  auto chunk = std::make_unique<item_chunk_of<T>>();
  chunk->items = std::move(got.first);
  chunk->size = chunk->items.size();
  chunk->ended = got.second;
  if (chunk->size == 0 && !chunk->ended) throw codec_error("result", "neither items nor the end");
  return chunk;
}

}  // namespace detail

template <class T>
struct dynamic_codec<item_range<T>> {
  static constexpr bool reads_references = true;
  static item_range<T> read(json_reader& in) {
    return item_range<T>::adopt(in.object().object, &detail::read_dynamic_chunk<T>, true);
  }
};

inline value::operator proxy() const {
  return as<proxy>();
}

// What functions of C libraries give back through their arguments, in dynamic calls.
template <class C>
struct dynamic_codec<in_out_argument<C>> {
  static void write(json_writer& out, const in_out_argument<C>& argument) {
    out.begin_marker("inout");
    write_dynamic(out, argument.get());
    out.end_marker();
  }
};
template <class T, bool Single>
struct dynamic_codec<out_argument<T, Single>> {
  static void write(json_writer& out, const out_argument<T, Single>& argument) {
    out.begin_marker("out");
    if constexpr (Single)
      out.null();
    else
      write_dynamic(out, argument.count() * sizeof(T));
    out.end_marker();
  }
};
template <>
struct dynamic_codec<out_text_argument> {
  static void write(json_writer& out, const out_text_argument& argument) {
    out.begin_marker("outtext");
    write_dynamic(out, argument.size());
    out.end_marker();
  }
};
template <class T>
struct dynamic_codec<out_handle_argument<T>> {
  static void write(json_writer& out, const out_handle_argument<T>&) {
    out.begin_marker("out");
    out.null();
    out.end_marker();
  }
};
template <>
struct dynamic_codec<out_offset_argument> {
  static void write(json_writer& out, const out_offset_argument&) {
    out.begin_marker("outoffset");
    out.null();
    out.end_marker();
  }
};

}  // namespace glovebox
