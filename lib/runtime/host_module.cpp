// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Modules as objects that a parent can hold.
#include "runtime/host_object.hpp"

#include <glovebox/dynamic.hpp>

#include <utility>

namespace glovebox::runtime {
namespace {

using binding::member;

class module_thing final : public host_object {
 public:
  explicit module_thing(std::shared_ptr<binding::module_info> info)
      : owner_(std::move(info)), info_(*owner_) {}
  std::string_view kind() const noexcept override { return "module"; }
  std::string title() const override { return info_.name; }

  bool operate(operation_frame& frame) override {
    switch (frame.what) {
      case op::call_method:
        call_method(frame);
        return true;
      case op::get:
        get(frame);
        return true;
      case op::set:
        set(frame);
        return true;
      case op::has: {
        const std::string name = frame.take_name();
        frame.call.expect(0, "has");
        frame.out.boolean(info_.members.find(name) != info_.members.end());
        return true;
      }
      case op::del:
        del(frame);
        return true;
      case op::dir: {
        frame.call.expect(0, "dir");
        std::vector<std::string> names;
        for (const auto& [name, what] : info_.members) names.push_back(name);
        write_texts(frame.out, names);
        return true;
      }
      case op::doc:
        if (frame.call.positional() == 0) {
          frame.out.text(info_.doc);
        } else {
          const std::string name = frame.take_name();
          write_doc(frame, find(name), "the module " + title(), name);
        }
        return true;
      case op::signature: {
        const std::string name = frame.take_name();
        write_signature(frame, find(name), "the module " + title(), name);
        return true;
      }
      default:
        return false;
    }
  }

 private:
  const member* find(const std::string& name) const {
    const auto found = info_.members.find(name);
    return found == info_.members.end() ? nullptr : &found->second;
  }
  const member& existing(const std::string& name) const {
    const member* const found = find(name);
    if (!found) no_attribute("the module " + title(), name);
    return *found;
  }
  void call_method(operation_frame& frame) {
    const std::string name = frame.take_name();
    const member& found = existing(name);
    if (found.functions)
      found.functions->call(frame.call);
    else if (found.class_)
      frame.what = op::call, operate_on_host_object(frame, class_object(*found.class_));
    else
      call_what_it_holds(frame, found, name);
  }
  /// An attribute that is an object which can be called.
  void call_what_it_holds(operation_frame& frame, const member& found, const std::string& name) {
    if (!found.constant || !found.constant->is_object())
      throw binding::argument_mismatch(title() + '.' + name + " cannot be called");
    const held_object& held = held_object::of(*found.constant->reference());
    frame.what = op::call;
    if (held.type == host_object_type)
      return operate_on_host_object(frame, std::static_pointer_cast<host_object>(held.owner));
    operate_on_object(
        frame, {&binding::class_of(held.type, nullptr), held.address, held.owner, held.constant});
  }
  void get(operation_frame& frame) {
    const std::string name = frame.take_name();
    frame.call.expect(0, "get");
    const member& found = existing(name);
    if (found.constant)
      write_dynamic(frame.out, *found.constant);
    else if (found.functions)
      frame.share(function_object(found.functions));
    else if (found.class_)
      frame.share(class_object(*found.class_));
    else
      found.property->getter.call(frame.call);
  }
  void set(operation_frame& frame) {
    const std::string name = frame.take_name();
    frame.call.expect(1, "set");
    const member* const found = find(name);
    if (found && found->property) {
      if (found->property->setter.empty())
        throw attribute_error(title() + '.' + name + " can only be read");
      return found->property->setter.call(frame.call);
    }
    if (found && !found->constant)
      throw attribute_error(title() + '.' + name + " is a function or class, and stays so");
    if (name.empty() || name.front() == '$')
      throw attribute_error("'" + name + "' cannot be a name");
    info_.members[name].constant = read_dynamic<value>(frame.call.positional(0));
    frame.out.null();
  }
  void del(operation_frame& frame) {
    const std::string name = frame.take_name();
    frame.call.expect(0, "del");
    if (!existing(name).constant)
      throw attribute_error(title() + '.' + name + " cannot be deleted");
    info_.members.erase(info_.members.find(name));
    frame.out.null();
  }

  std::shared_ptr<binding::module_info> owner_;
  binding::module_info& info_;
};

}  // namespace

std::shared_ptr<host_object> make_module(std::shared_ptr<binding::module_info> info) {
  return std::make_shared<module_thing>(std::move(info));
}

}  // namespace glovebox::runtime
