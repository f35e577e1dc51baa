// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Classes and functions as objects that a parent can hold, and what all such things have in common.
#include "runtime/host_object.hpp"

#include <glovebox/dynamic.hpp>

#include <array>
#include <functional>
#include <utility>

namespace glovebox::runtime {
namespace {

using binding::call_state;
using binding::class_info;
using binding::member;
using binding::overload_set;
using binding::self_object;

/// Writes what a call makes: a reference to an object of the host's own, a value, ...
void call_functions(operation_frame& frame, const overload_set& functions) {
  functions.call(frame.call);
}

/// A method that is called through its class: the first argument is the object.
void call_unbound(operation_frame& frame, const overload_set& functions) {
  json_reader& in = frame.call.positional(0);
  if (!in.enter("ref")) in.mismatch("an object, whose method " + functions.name + " is");
  const detail::object_table::entry entry = frame.table.at(in.integer<std::uint64_t>());
  frame.call.drop_first();
  const self_object self{&binding::class_of(entry.type, nullptr), entry.address, entry.owner,
                         entry.constant};
  frame.port.keep(entry.owner);
  frame.call.set_object(self);
  functions.call(frame.call);
}

// ---- functions

class function final : public host_object {
 public:
  explicit function(std::weak_ptr<overload_set> of, std::string name)
      : of_(std::move(of)), name_(std::move(name)) {}
  std::string_view kind() const noexcept override { return "function"; }
  std::string title() const override { return name_; }
  bool operate(operation_frame& frame) override {
    const auto functions = of_.lock();
    switch (frame.what) {
      case op::call:
        call_functions(frame, *functions);
        return true;
      case op::doc:
        frame.call.expect(0, "doc of a function");
        frame.out.text(functions->doc());
        return true;
      case op::signature:
        frame.call.expect(0, "signature of a function");
        write_texts(frame.out, functions->signatures());
        return true;
      default:
        return false;
    }
  }

 private:
  std::weak_ptr<overload_set> of_;  // which owns this
  std::string name_;
};

class method final : public host_object {
 public:
  method(std::shared_ptr<overload_set> of, const self_object* self)
      : of_(std::move(of)), bound_(self != nullptr) {
    if (self) self_ = *self;
  }
  std::string_view kind() const noexcept override { return "method"; }
  std::string title() const override { return of_->name; }
  bool operate(operation_frame& frame) override {
    switch (frame.what) {
      case op::call:
        if (!bound_) {
          call_unbound(frame, *of_);
          return true;
        }
        frame.port.keep(self_.owner);
        frame.call.set_object(self_);
        call_functions(frame, *of_);
        return true;
      case op::doc:
        frame.call.expect(0, "doc of a method");
        frame.out.text(of_->doc());
        return true;
      case op::signature:
        frame.call.expect(0, "signature of a method");
        write_texts(frame.out, of_->signatures());
        return true;
      default:
        return false;
    }
  }

 private:
  std::shared_ptr<overload_set> of_;
  self_object self_;
  bool bound_;
};

// ---- classes

class class_thing final : public host_object {
 public:
  explicit class_thing(class_info& info) : info_(info) {}
  std::string_view kind() const noexcept override { return "class"; }
  std::string title() const override { return info_.title(); }
  class_info& info() const noexcept { return info_; }

  bool operate(operation_frame& frame) override {
    switch (frame.what) {
      case op::call:
        if (info_.constructors.empty())
          throw binding::argument_mismatch("the class " + title() + " has no constructor");
        call_functions(frame, info_.constructors);
        return true;
      case op::call_method:
        call_method(frame);
        return true;
      case op::get:
        get(frame);
        return true;
      case op::has: {
        const std::string name = frame.take_name();
        frame.call.expect(0, "has");
        frame.out.boolean(find(name) != nullptr);
        return true;
      }
      case op::dir:
        frame.call.expect(0, "dir");
        write_texts(frame.out, names());
        return true;
      case op::doc:
        if (frame.call.positional() == 0) {
          frame.out.text(info_.doc);
        } else {
          const std::string name = frame.take_name();
          write_doc(frame, find(name), title(), name);
        }
        return true;
      case op::signature:
        if (frame.call.positional() == 0) {
          write_texts(frame.out, info_.constructors.signatures());
        } else {
          const std::string name = frame.take_name();
          write_signature(frame, find(name), title(), name);
        }
        return true;
      default:
        return false;
    }
  }

 private:
  const member* find(const std::string& name) const { return find_member(info_, name); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    list_members(info_, all);
    return all;
  }
  void call_method(operation_frame& frame) {
    const std::string name = frame.take_name();
    const member* const found = find(name);
    if (!found) no_attribute("the class " + title(), name);
    if (!found->functions)
      throw binding::argument_mismatch(title() + '.' + name + " cannot be called");
    if (found->free)
      call_functions(frame, *found->functions);
    else
      call_unbound(frame, *found->functions);
  }
  void get(operation_frame& frame) {
    const std::string name = frame.take_name();
    frame.call.expect(0, "get");
    const member* const found = find(name);
    if (!found) no_attribute("the class " + title(), name);
    if (found->constant)
      write_dynamic(frame.out, *found->constant);
    else if (found->functions && found->free)
      frame.share(function_object(found->functions));
    else if (found->functions)
      frame.share(unbound_method(found->functions));
    else
      throw attribute_error(title() + '.' + name + " is a property, which only objects have");
  }

  class_info& info_;
};

constexpr std::array<std::string_view, static_cast<std::size_t>(last_op) + 1> op_names{
    "",     "import",    "call",      "call_method", "get",     "set",      "has",
    "del",  "get_item",  "set_item",  "del_item",    "size",    "contains", "iterate",
    "next", "str",       "repr",      "compare",     "hash",    "truth",    "dir",
    "doc",  "signature", "type_name", "is_instance", "is_same", "by_value"};

}  // namespace

std::string_view name_of(op what) noexcept {
  const auto at = static_cast<std::size_t>(what);
  return at < op_names.size() ? op_names[at] : "an unknown operation";
}

std::string host_object::text() const {
  return '<' + std::string(kind()) + ' ' + title() + '>';
}

void operation_frame::share(const std::shared_ptr<host_object>& object) {
  const std::uint64_t handle = table.adopt(object.get(), host_object_type, object, false);
  port.given(handle);
  const std::string title = object->title();
  out.reference(detail::named_object{handle, object->kind(), title});
}

std::string operation_frame::take_name() {
  std::string name = call.positional(0).string();
  call.drop_first();
  return name;
}

void write_texts(json_writer& out, const std::vector<std::string>& texts) {
  write_dynamic(out, texts);
}

void no_attribute(const std::string& owner, const std::string& name) {
  throw attribute_error(owner + " has no attribute '" + name + "'");
}

void write_doc(operation_frame& frame, const member* of, const std::string& owner,
               const std::string& name) {
  frame.call.expect(0, "doc");
  if (!of) no_attribute(owner, name);
  frame.out.text(of->functions  ? of->functions->doc()
                 : of->property ? of->property->doc
                 : of->class_   ? of->class_->doc
                                : std::string());
}

void write_signature(operation_frame& frame, const member* of, const std::string& owner,
                     const std::string& name) {
  frame.call.expect(0, "signature");
  if (!of) no_attribute(owner, name);
  if (of->functions)
    write_texts(frame.out, of->functions->signatures());
  else if (of->class_)
    write_texts(frame.out, of->class_->constructors.signatures());
  else if (of->property)
    write_texts(frame.out, of->property->getter.signatures());
  else
    write_texts(frame.out, {});
}

// Those that stay the same whenever they are asked for are kept beside what they stand for.
const std::shared_ptr<host_object>& class_object(class_info& info) {
  if (!info.object) {
    std::shared_ptr<host_object> made = std::make_shared<class_thing>(info);
    info.object = std::make_shared<std::shared_ptr<host_object>>(std::move(made));
  }
  return *static_cast<std::shared_ptr<host_object>*>(info.object.get());
}

const std::shared_ptr<host_object>& function_object(const std::shared_ptr<overload_set>& of) {
  if (!of->object) {
    std::shared_ptr<host_object> made = std::make_shared<function>(of, of->name);
    of->object = std::make_shared<std::shared_ptr<host_object>>(std::move(made));
  }
  return *static_cast<std::shared_ptr<host_object>*>(of->object.get());
}

std::shared_ptr<host_object> bound_method(const std::shared_ptr<overload_set>& of,
                                          const self_object& self) {
  return std::make_shared<method>(of, &self);
}
std::shared_ptr<host_object> unbound_method(const std::shared_ptr<overload_set>& of) {
  return std::make_shared<method>(of, nullptr);
}
class_info* class_behind(const host_object& object) {
  const auto* const found = dynamic_cast<const class_thing*>(&object);
  return found ? &found->info() : nullptr;
}

void operate_on_host_object(operation_frame& frame, const std::shared_ptr<host_object>& on) {
  if (on->operate(frame)) return;
  const auto other_is_same = [&] {
    json_reader& in = frame.call.positional(0);
    if (!in.enter("ref")) return false;
    return frame.table.at(in.integer<std::uint64_t>()).address == on.get();
  };
  switch (frame.what) {
    case op::str:
    case op::repr:
      frame.call.expect(0, "str");
      return frame.out.text(on->text());
    case op::type_name:
      frame.call.expect(0, "type_name");
      return frame.out.text(on->kind());
    case op::truth:
      return frame.out.boolean(true);
    case op::hash:
      return frame.out.integer(std::hash<const void*>()(on.get()));
    case op::is_same:
      frame.call.expect(1, "is_same");
      return frame.out.boolean(other_is_same());
    case op::is_instance:
      frame.call.expect(1, "is_instance");
      return frame.out.boolean(false);
    case op::compare: {
      const std::string how = frame.take_name();
      frame.call.expect(1, "compare");
      if (how == "==" || how == "!=") return frame.out.boolean(other_is_same() == (how == "=="));
      throw std::logic_error(on->text() + " cannot be compared with " + how);
    }
    case op::iterate:
      if (on->kind() == "iterator") return frame.share(on);
      break;
    case op::dir:
      frame.call.expect(0, "dir");
      return write_texts(frame.out, {});
    case op::doc:
      return frame.out.text({});
    case op::has: {
      frame.take_name();
      frame.call.expect(0, "has");
      return frame.out.boolean(false);
    }
    case op::get:
    case op::set:
    case op::del:
    case op::call_method:
      no_attribute("the " + std::string(on->kind()) + ' ' + on->title(), frame.take_name());
    default:
      break;
  }
  throw std::logic_error(on->text() + " does not know the operation '" +
                         std::string(name_of(frame.what)) + "'");
}

}  // namespace glovebox::runtime
