// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/c_arguments.hpp>
#include <glovebox/detail/c_stub.hpp>
#include <glovebox/remote.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace glovebox {

/// A handle of a C library that is loaded in a child (`context::load_library`). Its functions are
/// called through their signatures, without binding code:
/// \code
/// glovebox::library libm = co_await ctx.load_library("libm.so.6");
/// double c = co_await libm.call<double(double)>("cos", 0.5);
/// \endcode
///
/// The signature is a promise that nobody can check: a wrong one corrupts or crashes the child, and
/// only the child. The library stays loaded until its child ends. The child must run this program's
/// own image (`glovebox::init`); without, call functions by their declarations, through a `proxy`
/// of the library: `p.call<double>("double cos(double)", 0.5)`.
///
/// Handles may be copied, used and destroyed on any thread, also after the context's end and the
/// execution context's; calls then end with `state_error`.
class library {
 public:
  /// Empty; calls on it end with `state_error`.
  library() = default;

  /// Calls a function by its C signature. An optional last argument is the completion token.
  ///
  /// - Numbers, enumerations, and described structs that are trivially copyable go by value.
  /// - `const char*` takes strings, and null from `nullptr` or an empty `std::optional`.
  /// - `const T*` and `const void*` take contiguous ranges: vectors, arrays, spans, strings,
  ///   `borrow(...)`. All bytes are alike: `char`, `unsigned char`, `std::byte`.
  /// - `T*` and `void*` take `in_out(...)`, `out<T>(...)`, `out_text(...)`; `T**` takes
  ///   `out_handle<T>()`, `in_out(remote)`, `out_offset()`.
  /// - Any pointer takes a `remote<T>` and `nullptr`; a function pointer takes a captureless lambda
  ///   or `c_function<&f>`, which run in the child.
  ///
  /// Result: numbers and structs by value, `const char*` as a copy, `std::optional<std::string>`
  /// that is empty for a null pointer, other `T*` as a `remote<T>`, opaque, empty for a null
  /// pointer. With arguments that come back, or `with_errno`, it is a `std::tuple` of the result
  /// (unless it is void), `errno` and what came back, in the order of the parameters.
  ///
  /// Ends with `std::runtime_error`, a `remote_exception`, when the library has no such function or
  /// a returned pointer points into an argument's memory, and with the errors of every call.
  template <class Signature, class... A>
  requires std::is_function_v<Signature>
  [[nodiscard]] GLOVEBOX_LOCAL auto call(std::string_view symbol, A&&... arguments) const {
    using shape = decltype(detail::deduce(static_cast<Signature*>(nullptr)));
    return detail::call_c_function<shape>(*this, symbol, std::forward<A>(arguments)...);
  }

  /// The same library, with other options for the calls made through the result.
  library with(call_options options) const {
    library copy(*this);
    copy.options_ = options;
    return copy;
  }

  /// Whether there is a library at all.
  explicit operator bool() const noexcept { return static_cast<bool>(object_); }
  /// Whether both are the same library of the same child.
  bool operator==(const library& other) const noexcept { return object_ == other.object_; }

  // ---- for the library
  const std::shared_ptr<detail::target>& home() const noexcept { return object_.home(); }
  std::uint64_t handle() const noexcept { return object_.handle(); }
  std::shared_ptr<const void> keep_alive() const noexcept { return object_.keep_alive(); }
  const call_options& options() const noexcept { return options_; }
  const std::shared_ptr<const detail::object_reference>& reference() const noexcept {
    return object_.reference();
  }
  static library adopt(std::shared_ptr<detail::target> home, std::uint64_t handle) {
    library made;
    made.object_ = remote<detail::c_library>::adopt(std::move(home), handle);
    return made;
  }

 private:
  remote<detail::c_library> object_;
  call_options options_;
};

namespace detail {

template <>
struct result_reader<library> {
  static library read(const answer& from) {
    decoder(from.body, from.attachments, from.limits).finish();
    return library::adopt(from.from, from.object);
  }
};

template <class Token>
GLOVEBOX_LOCAL auto load_library(const std::shared_ptr<target>& on, const call_options& options,
                                 std::string_view name, Token&& token) {
  request what;
  what.stub = &c_library::loader();
  what.options = options;
  if (on) {
    try {
      encoder out(what.body, what.attachments, on->bounds());
      glovebox::encode(out, name);
    } catch (...) {
      what.extras.change().encode_error = std::current_exception();
    }
  }
  return start<library>(target_or_none(on), std::move(what), std::forward<Token>(token));
}

}  // namespace detail
}  // namespace glovebox
