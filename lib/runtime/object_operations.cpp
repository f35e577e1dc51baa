// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What can be done with objects of bound classes, and of classes that nobody bound.
#include "runtime/host_object.hpp"

#include <glovebox/dynamic.hpp>

#include <algorithm>
#include <utility>

namespace glovebox::runtime {

using binding::call_state;
using binding::class_info;
using binding::member;
using binding::overload_set;
using binding::self_object;

const member* find_member(const class_info& of, std::string_view name) {
  if (const auto found = of.members.find(name); found != of.members.end()) return &found->second;
  for (const class_info::base& each : of.bases)
    if (const member* const found = find_member(*each.of, name)) return found;
  return nullptr;
}

void list_members(const class_info& of, std::vector<std::string>& to) {
  for (const auto& [name, what] : of.members) to.push_back(name);
  for (const class_info::base& each : of.bases) list_members(*each.of, to);
  std::sort(to.begin(), to.end());
  to.erase(std::unique(to.begin(), to.end()), to.end());
}

namespace {

/// What the user said, nearest first.
const overload_set* said(const class_info& of, special what) {
  const overload_set& own = of.said[static_cast<std::size_t>(what)];
  if (!own.empty()) return &own;
  for (const class_info::base& each : of.bases)
    if (const overload_set* const found = said(*each.of, what)) return found;
  return nullptr;
}

struct found_native {
  class_info::native run = nullptr;
  void* object = nullptr;
};
/// What was found out, nearest first.
found_native found(const class_info& of, void* object, special what) {
  if (const auto run = of.found[static_cast<std::size_t>(what)]) return {run, object};
  for (const class_info::base& each : of.bases) {
    const found_native there = found(*each.of, each.up(object), what);
    if (there.run) return there;
  }
  return {};
}

const overload_set* natural_call(const class_info& of) {
  if (!of.natural_call.empty()) return &of.natural_call;
  for (const class_info::base& each : of.bases)
    if (const overload_set* const inherited = natural_call(*each.of)) return inherited;
  return nullptr;
}

class object_operation {
 public:
  object_operation(operation_frame& frame, const self_object& self) : frame_(frame), self_(self) {
    frame.call.set_object(self);
    frame.port.keep(self.owner);
  }

  void run() {
    switch (frame_.what) {
      case op::call:
        return call();
      case op::call_method:
        return call_method();
      case op::get:
        return get();
      case op::set:
        return set();
      case op::has:
        return has();
      case op::del:
        return del();
      case op::get_item:
        return required(special::get_item, 1, "has no items to get");
      case op::set_item:
        return required(special::set_item, 2, "has no items to set");
      case op::del_item:
        return required(special::del_item, 1, "has no items to delete");
      case op::size:
        return required(special::size, 0, "has no size");
      case op::contains:
        return required(special::contains, 1, "cannot say what it contains");
      case op::hash:
        return required(special::hash, 0, "cannot be hashed");
      case op::iterate:
        return iterate();
      case op::str:
      case op::repr:
        return text();
      case op::compare:
        return compare();
      case op::truth:
        return truth();
      case op::dir:
        return dir();
      case op::doc:
        return doc();
      case op::signature:
        return signature();
      case op::type_name:
        frame_.call.expect(0, "type_name");
        return frame_.out.text(title());
      case op::is_instance:
        return is_instance();
      case op::is_same:
        frame_.call.expect(1, "is_same");
        return frame_.out.boolean(is_same());
      case op::by_value: {
        frame_.call.expect(0, "by_value");
        const operation_port::copying copying(frame_.port);
        const json_writer::scope path(frame_.out, "result");
        return frame_.port.write_copy_of(frame_.out, *self_.of, self_.address);
      }
      case op::import_module:
      case op::next:
        break;
    }
    refuse("does not know the operation '" + std::string(name_of(frame_.what)) + "'");
  }

 private:
  std::string title() const { return self_.of->title(); }
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::logic_error("an object of class " + title() + ' ' + why);
  }
  std::string owner() const { return "an object of class " + title(); }

  /// \returns false when the class cannot do it
  bool try_special(special what) {
    if (const overload_set* const functions = said(*self_.of, what)) {
      functions->call(frame_.call);
      return true;
    }
    const found_native native = found(*self_.of, self_.address, what);
    if (!native.run) return false;
    if (self_.constant && (what == special::set_item || what == special::del_item))
      refuse("is constant");
    run_native(native);
    return true;
  }
  void run_native(const found_native& native) {
    try {
      native.run(frame_.call, native.object);
    } catch (const codec_error& why) {
      if (frame_.call.read()) throw;
      throw binding::argument_mismatch(title() + ": " + why.what());
    }
  }
  void required(special what, std::size_t arguments, const char* otherwise) {
    frame_.call.expect(arguments, name_of(frame_.what).data());
    const json_writer::scope path(frame_.out, "result");
    if (!try_special(what)) refuse(otherwise);
  }

  void call() {
    const overload_set* functions = said(*self_.of, special::call);
    if (!functions) functions = natural_call(*self_.of);
    if (!functions) refuse("cannot be called");
    functions->call(frame_.call);
  }

  void call_method() {
    const std::string name = frame_.take_name();
    const member* const what = find_member(*self_.of, name);
    if (!what) no_attribute(owner(), name);
    if (!what->functions)
      throw binding::argument_mismatch(title() + '.' + name + " cannot be called");
    what->functions->call(frame_.call);
  }

  // ---- attributes

  /// Runs one of the hooks for attributes that are not bound. \returns what it said; nothing when
  /// the class has none
  std::optional<std::string> hook(special what) {
    const overload_set* const functions = said(*self_.of, what);
    if (!functions) return std::nullopt;
    return frame_.captured([&] { functions->call(frame_.call); });
  }
  /// The name, which the hooks get as well.
  std::string first_name(std::size_t arguments) {
    frame_.call.expect(arguments, name_of(frame_.what).data());
    return frame_.call.positional(0).string();
  }

  void get() {
    const std::string name = first_name(1);
    if (const member* const what = find_member(*self_.of, name)) {
      frame_.call.drop_first();
      if (what->constant) return write_dynamic(frame_.out, *what->constant);
      if (what->property) return what->property->getter.call(frame_.call);
      return frame_.share(what->free ? function_object(what->functions)
                                     : bound_method(what->functions, self_));
    }
    const overload_set* const functions = said(*self_.of, special::get);
    if (!functions) no_attribute(owner(), name);
    const json_writer::mark before = frame_.out.position();
    functions->call(frame_.call);
    // Nothing, rather than a value that is null.
    const auto written = frame_.body.view().subspan(before.size);
    constexpr std::string_view nothing = "null";
    if (written.size() == nothing.size() &&
        std::equal(written.begin(), written.end(), std::as_bytes(std::span(nothing)).begin()))
      no_attribute(owner(), name);
  }

  void set() {
    const std::string name = first_name(2);
    if (const member* const what = find_member(*self_.of, name)) {
      frame_.call.drop_first();
      if (!what->property) throw attribute_error(title() + '.' + name + " cannot be set");
      if (what->property->setter.empty())
        throw attribute_error(title() + '.' + name + " can only be read");
      return what->property->setter.call(frame_.call);
    }
    const auto answer = hook(special::set);
    if (!answer || *answer == "false")
      throw attribute_error(owner() + " has no attribute '" + name + "' and takes no new ones");
    frame_.out.null();
  }

  void has() {
    const std::string name = first_name(1);
    if (find_member(*self_.of, name)) return frame_.out.boolean(true);
    frame_.out.boolean(hook(special::has) == "true");
  }

  void del() {
    const std::string name = first_name(1);
    if (find_member(*self_.of, name))
      throw attribute_error(title() + '.' + name + " cannot be deleted");
    const auto answer = hook(special::del);
    if (!answer || *answer == "false") no_attribute(owner(), name);
    frame_.out.null();
  }

  // ---- the rest

  void iterate() {
    frame_.call.expect(0, "iterate");
    std::shared_ptr<binding::cursor> over;
    if (const overload_set* const functions = said(*self_.of, special::iterate)) {
      functions->call(frame_.call);
      over = std::move(frame_.call.made_cursor);
    } else {
      over = natural_iteration(*self_.of, self_.address);
    }
    if (!over) refuse("cannot be iterated");
    frame_.share(make_iterator(std::move(over), self_.owner, title()));
  }
  std::shared_ptr<binding::cursor> natural_iteration(const class_info& of, void* object) {
    if (of.iterate) return of.iterate(object, self_.owner, self_.constant);
    for (const class_info::base& each : of.bases)
      if (auto made = natural_iteration(*each.of, each.up(object))) return made;
    return nullptr;
  }

  // <<, or what it consists of, or what it is.
  void text() {
    frame_.call.expect(0, name_of(frame_.what).data());
    if (frame_.what == op::repr) {
      if (const overload_set* const functions = said(*self_.of, special::repr))
        return functions->call(frame_.call);
    }
    if (try_special(special::str)) return;
    if (self_.of->copy) {
      try {
        const std::string copy = frame_.captured([&] {
          const operation_port::copying copying(frame_.port);
          frame_.port.write_copy_of(frame_.out, *self_.of, self_.address);
        });
        return frame_.out.text(copy);
      } catch (const codec_error&) {
        // Something inside has no copy.
        frame_.out.take_back(start_);
      }
    }
    frame_.out.text('<' + title() + " object>");
  }

  void compare() {
    using name = std::pair<std::string_view, special>;
    static constexpr name names[] = {{"==", special::equal},  {"!=", special::not_equal},
                                     {"<", special::less},    {"<=", special::less_equal},
                                     {">", special::greater}, {">=", special::greater_equal}};
    const std::string how = frame_.take_name();
    frame_.call.expect(1, "compare");
    const auto* const which = std::find_if(std::begin(names), std::end(names),
                                           [&](auto& each) { return each.first == how; });
    if (which == std::end(names))
      throw std::invalid_argument("there is no comparison '" + how + "'");
    const bool equality = which->second == special::equal || which->second == special::not_equal;
    try {
      // What the user said of == counts for != as well.
      if (which->second == special::not_equal && !said(*self_.of, special::not_equal) &&
          said(*self_.of, special::equal)) {
        const std::string equal = frame_.captured([&] { try_special(special::equal); });
        return frame_.out.boolean(equal != "true");
      }
      if (try_special(which->second)) return;
    } catch (const binding::argument_mismatch&) {
      // What it cannot be compared with is not equal to it.
      if (!equality || frame_.call.read()) throw;
      return frame_.out.boolean(which->second == special::not_equal);
    }
    if (!equality) refuse("cannot be compared with " + how);
    frame_.out.boolean(is_same() == (which->second == special::equal));
  }

  void truth() {
    frame_.call.expect(0, "truth");
    if (try_special(special::truth)) return;
    bool has_size = false;
    const std::string size = frame_.captured([&] { has_size = try_special(special::size); });
    frame_.out.boolean(!has_size || size != "0");
  }

  void doc() {
    if (frame_.call.positional() == 0) return frame_.out.text(self_.of->doc);
    const std::string name = frame_.take_name();
    write_doc(frame_, find_member(*self_.of, name), owner(), name);
  }

  void signature() {
    if (frame_.call.positional() != 0) {
      const std::string name = frame_.take_name();
      return write_signature(frame_, find_member(*self_.of, name), owner(), name);
    }
    const overload_set* functions = said(*self_.of, special::call);
    if (!functions) functions = natural_call(*self_.of);
    if (!functions) refuse("cannot be called");
    write_texts(frame_.out, functions->signatures());
  }

  void dir() {
    frame_.call.expect(0, "dir");
    std::vector<std::string> names;
    if (const auto own = hook(special::dir)) {
      json_reader in(std::as_bytes(std::span(*own)));
      names = read_dynamic<std::vector<std::string>>(in);
    }
    list_members(*self_.of, names);
    write_texts(frame_.out, names);
  }

  void is_instance() {
    frame_.call.expect(1, "is_instance");
    json_reader& in = frame_.call.positional(0);
    if (!in.enter("ref")) in.mismatch("a class");
    const detail::object_table::entry& entry = frame_.table.at(in.integer<std::uint64_t>());
    const class_info* const wanted = entry.type == host_object_type
                                         ? class_behind(*static_cast<host_object*>(entry.address))
                                         : nullptr;
    if (!wanted) throw std::invalid_argument("is_instance wants a class");
    frame_.out.boolean(self_.of->derives_from(*wanted));
  }

  bool is_same() {
    json_reader& in = frame_.call.positional(0);
    if (!in.enter("ref")) return false;
    const detail::object_table::entry& entry = frame_.table.at(in.integer<std::uint64_t>());
    return entry.address == self_.address && entry.type == self_.of->type;
  }

  operation_frame& frame_;
  const self_object& self_;
  const json_writer::mark start_ = frame_.out.position();
};

}  // namespace

void operate_on_object(operation_frame& frame, const self_object& self) {
  object_operation(frame, self).run();
}

}  // namespace glovebox::runtime
