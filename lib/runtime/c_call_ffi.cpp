// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The only file that knows libffi. Without it, everything else is still built.
#include "runtime/c_invoker.hpp"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <vector>

#ifdef GLOVEBOX_LIBFFI
#include <ffi.h>
#endif

namespace glovebox::runtime {

#ifdef GLOVEBOX_LIBFFI

namespace {

using kind = c_type::kind;

ffi_type& type_of(const c_type& type) {
  switch (type.what) {
    case kind::nothing:
      return ffi_type_void;
    case kind::floating:
      return type.size == sizeof(float)    ? ffi_type_float
             : type.size == sizeof(double) ? ffi_type_double
                                           : ffi_type_longdouble;
    case kind::boolean:
    case kind::unsigned_integer:
      return type.size == 1   ? ffi_type_uint8
             : type.size == 2 ? ffi_type_uint16
             : type.size == 4 ? ffi_type_uint32
                              : ffi_type_uint64;
    case kind::signed_integer:
      return type.size == 1   ? ffi_type_sint8
             : type.size == 2 ? ffi_type_sint16
             : type.size == 4 ? ffi_type_sint32
                              : ffi_type_sint64;
    default:
      return ffi_type_pointer;
  }
}

}  // namespace

/// A signature as libffi sees it. It stays where it is: libffi keeps pointers into it.
struct ffi_interface {
  explicit ffi_interface(const c_signature& signature) : result(&type_of(signature.result)) {
    for (const c_parameter& each : signature.parameters) parameters.push_back(&type_of(each.type));
    if (::ffi_prep_cif(&cif, FFI_DEFAULT_ABI, static_cast<unsigned>(parameters.size()), result,
                       parameters.data()) != FFI_OK)
      throw std::runtime_error("libffi cannot call " + to_string(signature));
  }
  ffi_interface(const ffi_interface&) = delete;
  ffi_interface& operator=(const ffi_interface&) = delete;

  ffi_cif cif;
  ffi_type* result;
  std::vector<ffi_type*> parameters;
};

// libffi writes integers that are narrower than a register as a whole one. Little endian: the
// number is at its beginning all the same.
static_assert(sizeof(c_slot) >= sizeof(ffi_arg) && std::endian::native == std::endian::little);

struct c_invoker::prepared : ffi_interface {
  using ffi_interface::ffi_interface;
};

bool c_invoker::available() noexcept {
  return true;
}

c_invoker::c_invoker(const c_signature& signature)
    : prepared_(std::make_unique<prepared>(signature)) {}

void c_invoker::call(void* function, c_slot& result, std::span<c_slot*> arguments) const {
  if (arguments.size() != prepared_->parameters.size())
    throw std::logic_error("not one argument for each parameter");
  std::vector<void*> values(arguments.begin(), arguments.end());
  // libffi takes it as writable, and does not write to it.
  auto* const cif = const_cast<ffi_cif*>(&prepared_->cif);
  ::ffi_call(cif, reinterpret_cast<void (*)()>(function), result.bytes, values.data());
}

struct c_closure::prepared : ffi_interface {
  prepared(const c_signature& signature, handler& called_back)
      : ffi_interface(signature), to(called_back), returns(signature.result) {
    closure = static_cast<ffi_closure*>(::ffi_closure_alloc(sizeof(ffi_closure), &code));
    if (!closure)
      throw std::runtime_error("the system allows no code that is made at run time for a callback");
    if (::ffi_prep_closure_loc(closure, &cif, &called, this, code) != FFI_OK) {
      ::ffi_closure_free(closure);
      throw std::runtime_error("libffi cannot make a callback of type " + to_string(signature));
    }
  }
  ~prepared() { ::ffi_closure_free(closure); }

  static void called(ffi_cif*, void* register_of_result, void** arguments, void* self) {
    const auto& own = *static_cast<const prepared*>(self);
    c_slot made;
    own.to.called(made, arguments);
    own.give(made, register_of_result);
  }

  // The other way round: the register's upper bits must be the number's.
  void give(const c_slot& made, void* place) const noexcept {
    if (returns.what == kind::nothing) return;
    const bool narrow =
        returns.is_number() && returns.what != kind::floating && returns.size < sizeof(ffi_arg);
    if (!narrow) {
      std::memcpy(place, made.bytes, returns.size);
      return;
    }
    const std::size_t unused = 8 * (sizeof(ffi_arg) - returns.size);
    ffi_arg whole = 0;
    std::memcpy(&whole, made.bytes, returns.size);
    if (returns.what == kind::signed_integer)
      whole = static_cast<ffi_arg>(static_cast<ffi_sarg>(whole << unused) >> unused);
    std::memcpy(place, &whole, sizeof whole);
  }

  handler& to;
  const c_type returns;
  ffi_closure* closure = nullptr;
  void* code = nullptr;
};

c_closure::c_closure(const c_signature& signature, handler& to)
    : prepared_(std::make_unique<prepared>(signature, to)) {}

void* c_closure::address() const noexcept {
  return prepared_->code;
}

#else

namespace {

[[noreturn]] void refuse() {
  throw std::runtime_error(
      "C functions can be called through a textual signature only with libffi, and this glovebox "
      "was built without it");
}

}  // namespace

struct c_invoker::prepared {};
struct c_closure::prepared {};

bool c_invoker::available() noexcept {
  return false;
}
c_invoker::c_invoker(const c_signature&) {
  refuse();
}
void c_invoker::call(void*, c_slot&, std::span<c_slot*>) const {
  refuse();
}
c_closure::c_closure(const c_signature&, handler&) {
  refuse();
}
void* c_closure::address() const noexcept {
  return nullptr;
}

#endif

c_invoker::c_invoker(c_invoker&&) noexcept = default;
c_invoker::~c_invoker() = default;
c_closure::~c_closure() = default;

}  // namespace glovebox::runtime
