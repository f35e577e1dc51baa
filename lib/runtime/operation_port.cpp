// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/operation_port.hpp"

#include "runtime/host_object.hpp"

#include <algorithm>
#include <stdexcept>

namespace glovebox::runtime {

using binding::class_info;

const held_object& held_object::of(const object_reference& reference) {
  if (reference.home) throw std::logic_error("an object of another process");
  return static_cast<const held_object&>(reference);
}

std::uint64_t operation_port::handle_of(
    const std::shared_ptr<const detail::object_reference>& reference) {
  const held_object& object = held_object::of(*reference);
  const std::uint64_t handle =
      object.owner ? table_.adopt(object.address, object.type, object.owner, object.constant)
                   : table_.refer(object.address, object.type, nullptr, object.constant);
  given(handle);
  return handle;
}

std::shared_ptr<const detail::object_reference> operation_port::adopt(std::uint64_t handle) {
  const detail::object_table::entry& found = table_.at(handle);
  return std::make_shared<const held_object>(found.address, found.type, found.owner, found.constant,
                                             handle);
}

std::shared_ptr<const detail::object_reference> operation_port::hold(
    const detail::shared_object& object) {
  const identified what = identify(object);
  return std::make_shared<const held_object>(
      what.address, what.of.type, object.owner ? object.owner : all_kept(), object.constant, 0);
}

detail::held_address operation_port::found(void* address, std::string_view type,
                                           const std::shared_ptr<void>& owner, bool constant,
                                           std::string_view wanted) {
  if (type != wanted) {
    const class_info* const of = binding::find_class(type);
    address = of ? of->as(wanted, address) : nullptr;
    if (!address)
      throw std::logic_error("expected a " + binding::pretty_type(wanted) + ", not a " +
                             (of                         ? of->title()
                              : type == host_object_type ? "module, class or function"
                                                         : binding::pretty_type(type)));
  }
  keep(owner);
  return {address, owner, constant};
}

detail::held_address operation_port::resolve(std::uint64_t handle, std::string_view wanted) {
  const detail::object_table::entry& there = table_.at(handle);
  return found(there.address, there.type, there.owner, there.constant, wanted);
}

detail::held_address operation_port::resolve_held(const detail::object_reference& reference,
                                                  std::string_view wanted) {
  const held_object& object = held_object::of(reference);
  return found(object.address, object.type, object.owner, object.constant, wanted);
}

// What it really is, if that is known: the parent gets all its methods.
operation_port::identified operation_port::identify(const detail::shared_object& object) {
  if (object.actual)
    if (class_info* const known = binding::find_class(*object.actual))
      return {*known, object.whole};
  return {binding::class_of(object.type, nullptr), object.address};
}

detail::named_object operation_port::share(const detail::shared_object& object) {
  const identified what = identify(object);
  const std::uint64_t handle =
      object.owner ? table_.adopt(what.address, what.of.type, object.owner, object.constant)
                   : table_.refer(what.address, what.of.type, all_kept(), object.constant);
  given(handle);
  title_ = what.of.title();
  return {handle, "object", title_};
}

void operation_port::describe(const detail::object_reference& reference, detail::named_object& to) {
  const held_object& object = held_object::of(reference);
  if (object.type == host_object_type) {
    const auto& thing = *static_cast<const host_object*>(object.address);
    to.kind = thing.kind();
    title_ = thing.title();
  } else {
    to.kind = "object";
    title_ = binding::class_of(object.type, nullptr).title();
  }
  to.type = title_;
}

bool operation_port::write_copy(json_writer& out, const detail::shared_object& object) {
  if (copies_ == 0) return false;
  const class_info* of = object.actual ? binding::find_class(*object.actual) : nullptr;
  if (of && of->copy) {
    write_copy_of(out, *of, object.whole);
  } else {
    of = &binding::class_of(object.type, nullptr);
    write_copy_of(out, *of, object.address);
  }
  return true;
}

void operation_port::write_copy_of(json_writer& out, const class_info& of, void* object) {
  if (!of.copy)
    out.fail("objects of class " + of.title() +
             " do not travel by value: describe it with BOOST_DESCRIBE_STRUCT, or specialise "
             "glovebox::codec for it");
  if (std::find(inside_.begin(), inside_.end(), object) != inside_.end())
    out.fail("the object contains itself, so it has no copy");
  inside_.push_back(object);
  of.copy(out, object);
  inside_.pop_back();
}

void operation_port::keep(std::shared_ptr<void> owner) {
  if (!owner || std::find(kept_.begin(), kept_.end(), owner) != kept_.end()) return;
  kept_.push_back(std::move(owner));
  all_kept_ = nullptr;
}

const std::shared_ptr<void>& operation_port::all_kept() {
  if (!all_kept_ && !kept_.empty())
    all_kept_ = kept_.size() == 1 ? kept_.front()
                                  : std::make_shared<std::vector<std::shared_ptr<void>>>(kept_);
  return all_kept_;
}

void operation_port::take_back(std::size_t all_but) noexcept {
  while (given_.size() > all_but) {
    const std::uint64_t handle = given_.back();
    given_.pop_back();
    table_.release(handle, 1);
  }
}

}  // namespace glovebox::runtime
