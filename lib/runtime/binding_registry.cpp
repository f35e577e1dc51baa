// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The classes and exceptions that this child knows, and the modules that this process has. Classes
// and exceptions are only used by the thread that serves operations; they are forgotten with the
// child, as modules are never unloaded.
#include "runtime/binding_registry.hpp"

#include "runtime/child_locals.hpp"

#include <glovebox/binding/class.hpp>
#include <glovebox/binding/exceptions.hpp>
#include <glovebox/module.hpp>

#include <cstring>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <typeindex>
#include <unordered_map>

namespace glovebox::binding {
namespace {

struct registry {
  std::deque<class_info> classes;
  std::unordered_map<std::string_view, class_info*> by_type;
  std::unordered_map<std::type_index, class_info*> by_info;
  std::vector<named_exception> exceptions;
};

registry& all() {
  return runtime::of_this_child<registry>();
}

// Filled by constructors of static objects, so it must not need one itself.
constinit std::mutex registrars_lock;
constinit module_registrar* first_registrar = nullptr;

void refuse_marker(std::string_view name) {
  if (name.empty() || name.front() == '$')
    throw std::logic_error("'" + std::string(name) + "' cannot be a name");
}

[[noreturn]] void taken_already(std::string_view owner, std::string_view name) {
  throw std::logic_error(std::string(owner) + " has another '" + std::string(name) + "' already");
}

}  // namespace

cursor::~cursor() = default;

// ---- classes

class_info& class_of(std::string_view type, const std::type_info* info) {
  registry& known = all();
  if (const auto found = known.by_type.find(type); found != known.by_type.end()) {
    class_info& there = *found->second;
    if (!there.info && info) {
      there.info = info;
      known.by_info.emplace(*info, &there);
    }
    // As in two files that both have it in an unnamed namespace. Their objects are told apart by
    // the name, so they must not be mixed up.
    if (info && *there.info != *info)
      throw std::logic_error("two different classes are called " + pretty_type(type) +
                             "; give one of them another name or namespace");
    return there;
  }
  class_info& made = known.classes.emplace_back();
  made.type = type;
  made.info = info;
  made.natural_call.name = made.title();
  known.by_type.emplace(made.type, &made);
  if (info) known.by_info.emplace(*info, &made);
  return made;
}

class_info* find_class(std::string_view type) {
  const auto found = all().by_type.find(type);
  return found == all().by_type.end() ? nullptr : found->second;
}

class_info* find_class(const std::type_info& info) {
  const auto found = all().by_info.find(info);
  return found == all().by_info.end() ? nullptr : found->second;
}

void meet_class(std::string_view type, const std::type_info& info) {
  class_of(type, &info);
}

std::string class_info::title() const {
  return name.empty() ? pretty_type(type) : module + '.' + name;
}

void* class_info::as(std::string_view wanted, void* address) const {
  if (wanted == type) return address;
  for (const base& each : bases)
    if (void* const part = each.of->as(wanted, each.up(address))) return part;
  return nullptr;
}

bool class_info::derives_from(const class_info& other) const {
  if (this == &other) return true;
  for (const base& each : bases)
    if (each.of->derives_from(other)) return true;
  return false;
}

// ---- members

void attribute_setter::set(value&& constant) {
  refuse_marker(name_);
  member& made = members_[name_];
  if (made.functions || made.property || made.class_) taken_already("the module or class", name_);
  made.constant = std::move(constant);
}

overload_set& functions_named(member_map& members, std::string_view owner, std::string_view name,
                              bool free) {
  refuse_marker(name);
  member& made = members[std::string(name)];
  if (made.property || made.class_ || made.constant || (made.functions && made.free != free))
    taken_already(owner, name);
  if (!made.functions) {
    made.functions = std::make_shared<overload_set>();
    made.functions->name = std::string(owner) + '.' + std::string(name);
    made.free = free;
  }
  return *made.functions;
}

property& property_named(member_map& members, std::string_view owner, std::string_view name) {
  refuse_marker(name);
  member& made = members[std::string(name)];
  if (made.property || made.class_ || made.constant || made.functions) taken_already(owner, name);
  made.property = std::make_shared<property>();
  made.property->getter.name = made.property->setter.name =
      std::string(owner) + '.' + std::string(name);
  return *made.property;
}

class_info& begin_class(member_map& members, std::string_view module, std::string_view name,
                        class_info& of) {
  refuse_marker(name);
  if (!of.name.empty())
    throw std::logic_error(pretty_type(of.type) + " is bound already, as " + of.title());
  member& made = members[std::string(name)];
  if (made.property || made.class_ || made.constant || made.functions) taken_already(module, name);
  made.class_ = &of;
  of.name = name;
  of.module = module;
  of.constructors.name = of.natural_call.name = of.title();
  return of;
}

void add_base(class_info& to, class_info& base, void* (*up)(void* object)) {
  to.bases.push_back({&base, up});
}

void refuse_iteration(const std::string& title) {
  throw std::logic_error("what iterates " + title + " must return a range");
}

// ---- exceptions

void add_exception(named_exception&& what) {
  all().exceptions.push_back(std::move(what));
}

std::string exception_name(const std::exception_ptr& thrown, const std::type_info* type) {
  const auto& known = all().exceptions;
  if (known.empty() || !thrown) return {};
  for (const named_exception& each : known)
    if (type && *each.type == *type) return each.name;
  // Those that were named later are the more special ones, as far as one can tell.
  for (auto each = known.rbegin(); each != known.rend(); ++each)
    if (each->matches(thrown)) return each->name;
  return {};
}

// ---- modules

module_registrar::module_registrar(const char* called, definition how) noexcept
    : name(called), define(how) {
  const std::lock_guard lock(registrars_lock);
  next = first_registrar;
  first_registrar = this;
}

module_registrar::~module_registrar() {
  const std::lock_guard lock(registrars_lock);
  for (module_registrar** at = &first_registrar; *at; at = &(*at)->next)
    if (*at == this) {
      *at = next;
      return;
    }
}

module_registrar::definition find_module_definition(std::string_view name) {
  const std::lock_guard lock(registrars_lock);
  for (const module_registrar* each = first_registrar; each; each = each->next)
    if (name == each->name) return each->define;
  return nullptr;
}

}  // namespace glovebox::binding
