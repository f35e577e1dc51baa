// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/c_signature.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace glovebox::runtime {

/// One value as a C function passes it, at the beginning: a number of its own width, or a pointer.
struct alignas(std::max_align_t) c_slot {
  std::byte bytes[sizeof(long double)] = {};
};
static_assert(sizeof(c_slot) >= sizeof(void*) && sizeof(c_slot) >= sizeof(std::uint64_t));

// Both classes need libffi: without it their constructors throw std::runtime_error that says so.

/// Calls functions of one signature, which is known at run time only.
class c_invoker {
 public:
  /// Whether this library was built with libffi.
  static bool available() noexcept;

  explicit c_invoker(const c_signature& signature);
  c_invoker(c_invoker&&) noexcept;
  ~c_invoker();

  /// \param arguments one pointer to its slot for each parameter
  void call(void* function, c_slot& result, std::span<c_slot*> arguments) const;

 private:
  struct prepared;
  std::unique_ptr<const prepared> prepared_;
};

/// The address of a function that is made at run time. It must not be called after its end.
class c_closure {
 public:
  class handler {
   public:
    /// \param result zero at the beginning
    /// \param arguments where each of them lies
    virtual void called(c_slot& result, void* const* arguments) noexcept = 0;

   protected:
    ~handler() = default;
  };

  /// \param to must outlive the closure
  c_closure(const c_signature& signature, handler& to);
  c_closure(const c_closure&) = delete;
  c_closure& operator=(const c_closure&) = delete;
  ~c_closure();

  void* address() const noexcept;

 private:
  struct prepared;
  std::unique_ptr<prepared> prepared_;
};

}  // namespace glovebox::runtime
