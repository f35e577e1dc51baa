// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/c_invoker.hpp"
#include "runtime/c_signature.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace glovebox::detail {
class c_library;
}

namespace glovebox::runtime {

// ---- values, as the layer above reads them from a message and writes them into one

/// What a C library points to: opaque for everybody else.
struct c_pointer {
  void* address = nullptr;
  std::string type;  ///< what is there, as `to_string` writes it, without const: `sqlite3`, `void`
  bool constant = false;
  bool operator==(const c_pointer&) const = default;
};

using c_bytes = std::vector<std::byte>;

/// `monostate` is void's, `nullptr` any null pointer's, and the numbers are those of the nearest
/// type: a `short` is an `int64_t`, a `float` a `double`.
using c_value = std::variant<std::monostate, std::nullptr_t, bool, std::int64_t, std::uint64_t,
                             double, long double, std::string, c_bytes, c_pointer>;

/// Memory that the function reads and writes: bytes or a string, as many as there are; or one
/// number or pointer of the type that the parameter points to.
struct c_in_out {
  c_value content;
};
/// The same, which begins as zeros [bytes].
struct c_out_bytes {
  std::size_t size = 0;
};
/// The same; comes back as a string, up to its first NUL.
struct c_out_text {
  std::size_t size = 0;
};
/// The same, for one number or pointer of the type that the parameter points to.
struct c_out_value {};
/// For `T**` through which the function tells a place in another argument: comes back as its
/// distance from there [bytes], a `uint64_t`, or `nullptr` if it stores another pointer.
struct c_out_offset {};

/// A function that C code calls.
class c_callback {
 public:
  virtual ~c_callback();
  /// Pointers are opaque, but texts (`const char*`), which are copied. What it throws does not
  /// reach the C code, which goes on with zero as the result: it is thrown when the C function has
  /// returned, and until then the callback is not called again.
  virtual c_value call(const c_signature& signature, std::span<const c_value> arguments) = 0;
};

using c_argument = std::variant<c_value, c_in_out, c_out_bytes, c_out_text, c_out_value,
                                c_out_offset, std::shared_ptr<c_callback>>;

/// Where the arguments come from.
class c_argument_source {
 public:
  virtual std::size_t count() const = 0;
  /// Asked once for each, in their order.
  virtual c_argument argument(std::size_t index, const c_type& parameter) = 0;

 protected:
  ~c_argument_source() = default;
};

/// Where the results go to: first the function's own, then what comes back of the arguments, in
/// their order. A pointer that is not null is a string if its type is `const char*`, else opaque.
class c_result_sink {
 public:
  /// \param error `errno` as the function left it; 0 if it did not touch it
  virtual void result(const c_type& type, c_value value, int error) = 0;
  /// \param type the parameter's
  virtual void came_back(std::size_t index, const c_type& type, c_value content) = 0;

 protected:
  ~c_result_sink() = default;
};

// ---- calls

/// A C function's declaration, ready to be called. Numbers must fit: integers are refused where
/// they are out of range, and where a floating-point number would have to round them; only a bool
/// is a bool. Pointers fit what they point to; `void` fits everything.
class c_call {
 public:
  /// \throws bad_signature, or std::runtime_error without libffi
  explicit c_call(std::string_view declaration);

  const c_signature& signature() const noexcept { return signature_; }

  /// \throws std::invalid_argument or std::out_of_range that names the argument (`args[1]: ...`)
  ///   before the function has run; std::runtime_error when it has and returned a pointer into an
  ///   argument's memory, which ends with the call; and what the source, the sink, a callback and
  ///   the function throw
  void run(void* function, c_argument_source& from, c_result_sink& to) const;

 private:
  c_signature signature_;
  c_invoker invoker_;
};

/// Calls the function of the library that the declaration names. Declarations are read once. For
/// the child's main thread.
/// \throws what c_call and c_library::function do
void call_declared(detail::c_library& library, std::string_view declaration,
                   c_argument_source& from, c_result_sink& to);

}  // namespace glovebox::runtime
