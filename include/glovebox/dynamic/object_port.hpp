// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <typeinfo>

namespace glovebox::detail {

class callable;
struct object_reference;
}  // namespace glovebox::detail

namespace glovebox {
class json_writer;
}  // namespace glovebox

namespace glovebox::detail {

/// An object in the child, as the code there knows it, on its way to the parent.
struct shared_object {
  void* address = nullptr;
  std::string_view type;        // type_name<T>(), T without const
  std::shared_ptr<void> owner;  // null: somebody else owns it
  bool constant = false;
  // Of polymorphic classes: what the object really is, and where it begins.
  const std::type_info* actual = nullptr;
  void* whole = nullptr;
};

/// How it is written: `{"$ref":handle,"kind":...,"type":...}`, without what is empty. The texts
/// live until the port is used again.
struct named_object {
  std::uint64_t handle = 0;
  std::string_view kind;  // as `object`, `class`, `function`
  std::string_view type;  // for people and for `type_name`
};

/// An object in the child that an argument names.
struct held_address {
  void* address = nullptr;
  std::shared_ptr<void> owner;
  bool constant = false;
};

/// What readers and writers of dynamic values do with objects, which do not travel themselves. Each
/// side implements its own half; the other half throws. What is thrown as std::logic_error becomes
/// a codec_error with the value's path.
class GLOVEBOX_API object_port {
 public:
  object_port() = default;
  object_port(const object_port&) = delete;
  object_port& operator=(const object_port&) = delete;
  virtual ~object_port();

  /// Parent: the handle of an argument, which is kept alive until the call has run.
  virtual std::uint64_t handle_of(const std::shared_ptr<const object_reference>& object);
  /// Parent: the name of an argument that the child may call.
  virtual std::uint64_t name_of(std::shared_ptr<callable> callee);
  /// Parent: the object with this handle in a result. Reading may be tried more than once, so the
  /// same handle must give the same reference.
  virtual std::shared_ptr<const object_reference> adopt(std::uint64_t handle);
  /// Child: the object that an argument names, as a `wanted` type: its own, or a base of it.
  virtual held_address resolve(std::uint64_t handle, std::string_view wanted);
  /// Child: makes the object known to the parent.
  virtual named_object share(const shared_object& object);
  /// Child: the object, for a value that holds it for as long as it likes.
  virtual std::shared_ptr<const object_reference> hold(const shared_object& object);
  /// Child: what a value holds, as a `wanted` type.
  virtual held_address resolve_held(const object_reference& object, std::string_view wanted);
  /// Child: what an object is that a value holds, for a value that does not know.
  virtual void describe(const object_reference& object, named_object& to);
  /// Child: while a copy is made, writes the object itself instead, and returns true.
  virtual bool write_copy(json_writer& out, const shared_object& object);

  /// Child: the port of what this thread is doing for the parent, for values that hold objects.
  static object_port* here() noexcept;
  /// Makes a port that one, while it lives.
  class GLOVEBOX_API installed {
   public:
    explicit installed(object_port& port) noexcept;
    installed(const installed&) = delete;
    installed& operator=(const installed&) = delete;
    ~installed();

   private:
    object_port* before_;
  };
};

}  // namespace glovebox::detail
