// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::runtime {

struct c_signature;

/// A type in the declaration of a C function.
struct c_type {
  enum class kind : std::uint8_t {
    nothing,           ///< void
    boolean,           ///< _Bool
    signed_integer,    ///< also plain char, where it is signed
    unsigned_integer,  ///< also enumerations of one's own: write their integer type
    floating,          ///< float, double, long double, by their size
    opaque,            ///< a struct, or a name that is not known; only behind a pointer
    pointer,
    function,  ///< only behind a pointer
  };

  kind what = kind::nothing;
  bool constant = false;
  std::uint8_t size = 0;  ///< of a number [bytes]
  std::string name;       ///< as C writes it, without qualifiers: `unsigned char`, `sqlite3`
  std::shared_ptr<const c_type> target;         ///< of a pointer
  std::shared_ptr<const c_signature> function;  ///< of a function, without a name

  bool is_number() const noexcept { return what >= kind::boolean && what <= kind::floating; }
  bool is_pointer() const noexcept { return what == kind::pointer; }
  /// A pointer to a function, which may be a callback.
  bool is_callback() const noexcept { return is_pointer() && target->what == kind::function; }
  /// `const char*`: a text that ends with a NUL.
  bool is_text() const noexcept {
    return is_pointer() && target->constant && target->name == "char" && target->is_number();
  }

  bool operator==(const c_type& other) const;
};

struct c_parameter {
  std::string name;  ///< may be empty
  c_type type;
  bool operator==(const c_parameter&) const = default;
};

/// What a C function takes and returns: numbers and pointers.
struct c_signature {
  std::string name;  ///< empty for the type of a callback
  c_type result;
  std::vector<c_parameter> parameters;
  bool operator==(const c_signature&) const = default;
};

/// A declaration that is none, or one of a function that cannot be called through its text.
class bad_signature : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Reads one declaration in C, such as `void qsort(void*, size_t, size_t, int (*)(const void*,
/// const void*))`. Parameters may have names, and a semicolon may follow. Known are C's own types,
/// those of <stdint.h> and the usual ones of POSIX; any other name is opaque and can stand only
/// behind a pointer. The text may be anything. \throws bad_signature that quotes the text and says
/// where and why
c_signature parse_c_signature(std::string_view text);

/// The declaration as C writes it; parsing it gives the same again.
std::string to_string(const c_signature& signature);
std::string to_string(const c_type& type);

}  // namespace glovebox::runtime
