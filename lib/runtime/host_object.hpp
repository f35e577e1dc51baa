// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/host.hpp"
#include "runtime/operation_port.hpp"

#include <glovebox/binding/class_info.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace glovebox::detail {
class c_library;
}

namespace glovebox::runtime {

class host_object;

/// An attribute that an object does not have, or that does not allow what was tried.
class attribute_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// An operation under way.
struct operation_frame {
  op what;
  binding::call_state& call;
  json_writer& out;
  operation_port& port;
  detail::object_table& table;
  byte_buffer& body;
  std::vector<attachment>& attachments;

  /// Writes a reference to something of the host's own.
  void share(const std::shared_ptr<host_object>& object);
  /// Takes a name from the front of the arguments.
  std::string take_name();
  /// Runs `write`, which writes a scalar, and gives its text, which is taken back.
  template <class Write>
  std::string captured(const Write& write);
};

/// A thing of the host's own that the parent can hold.
class host_object {
 public:
  virtual ~host_object() = default;
  /// Runs the operation if it is one that this kind of thing knows; false: it is not.
  virtual bool operate(operation_frame& frame) = 0;
  virtual std::string_view kind() const noexcept = 0;
  /// What it is called.
  virtual std::string title() const = 0;
  std::string text() const;
};

/// The operations that things of the host's own have in common, and whatever one of them knows.
/// \throws std::logic_error that names what it is and cannot do
void operate_on_host_object(operation_frame& frame, const std::shared_ptr<host_object>& on);
std::string_view name_of(op what) noexcept;

/// Calls a function of a C library, named by its declaration: `double cos(double)`.
void call_c_function(operation_frame& frame, detail::c_library& library);

/// `self` is the table's entry. Everything that objects of bound classes can do.
void operate_on_object(operation_frame& frame, const binding::self_object& self);

// ---- the kinds

std::shared_ptr<host_object> make_module(std::shared_ptr<binding::module_info> info);
const std::shared_ptr<host_object>& class_object(binding::class_info& info);
const std::shared_ptr<host_object>& function_object(
    const std::shared_ptr<binding::overload_set>& of);
std::shared_ptr<host_object> bound_method(const std::shared_ptr<binding::overload_set>& of,
                                          const binding::self_object& self);
std::shared_ptr<host_object> unbound_method(const std::shared_ptr<binding::overload_set>& of);
std::shared_ptr<host_object> make_iterator(std::shared_ptr<binding::cursor> over,
                                           std::shared_ptr<void> keep, std::string title);
/// The class that a class object stands for; null: it is something else.
binding::class_info* class_behind(const host_object& object);

/// A member of a class or of its bases; null: there is none.
const binding::member* find_member(const binding::class_info& of, std::string_view name);
/// The names of all of them, in order.
void list_members(const binding::class_info& of, std::vector<std::string>& to);

/// Docs and signatures of a member; \throws attribute_error when there is none
void write_doc(operation_frame& frame, const binding::member* of, const std::string& owner,
               const std::string& name);
void write_signature(operation_frame& frame, const binding::member* of, const std::string& owner,
                     const std::string& name);
void write_texts(json_writer& out, const std::vector<std::string>& texts);
[[noreturn]] void no_attribute(const std::string& owner, const std::string& name);

template <class Write>
std::string operation_frame::captured(const Write& write) {
  const json_writer::mark before = out.position();
  write();
  std::string text(reinterpret_cast<const char*>(body.data()) + before.size,
                   body.size() - before.size);
  out.take_back(before);
  return text;
}

}  // namespace glovebox::runtime
