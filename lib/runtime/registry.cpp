// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/registry.hpp"

#include "runtime/module_loader.hpp"
#include "runtime/modules.hpp"

#include <deque>
#include <mutex>
#include <span>
#include <stdexcept>
#include <vector>

namespace glovebox {
namespace {

// Filled by the constructors of static objects, so it must not need one itself.
constinit std::mutex nodes_lock;
constinit detail::stub_node* first_node = nullptr;

std::vector<std::shared_ptr<const byte_buffer>>& definitions() {
  static auto* const all = new std::vector<std::shared_ptr<const byte_buffer>>;
  return *all;
}

// Under the lock. Returns the number it gets.
std::uint32_t add_definition(const core::definition& what) {
  byte_buffer body;
  std::vector<attachment> attachments;
  encoder out(body, attachments);
  core::encode(out, what);
  definitions().push_back(std::make_shared<const byte_buffer>(std::move(body)));
  return static_cast<std::uint32_t>(definitions().size());
}

bool registered(const detail::stub_node* wanted) {
  const std::lock_guard lock(nodes_lock);
  for (const detail::stub_node* each = first_node; each; each = each->next)
    if (each == wanted) return true;
  return false;
}

// \throws std::runtime_error unless there is exactly one
detail::stub_node& only_node_named(const std::string& name) {
  const std::lock_guard lock(nodes_lock);
  detail::stub_node* found = nullptr;
  for (detail::stub_node* each = first_node; each; each = each->next) {
    if (each->name != name) continue;
    if (found) throw std::runtime_error("there are several functions of that name");
    found = each;
  }
  if (!found) throw std::runtime_error("there is no function of that name");
  return *found;
}

std::string build_id_of(const std::string& path) {
  try {
    return runtime::build_id_of_file(path);
  } catch (const std::runtime_error& why) {
    throw std::runtime_error(why.what() + runtime::hint_about_root());
  }
}

// dlopen runs the module's initialisers, so what it is must be known before.
void load_module_of(const core::definition& what) {
  if (what.path.empty()) throw std::runtime_error("its module has no path");
  if (what.module.kind == core::module_identity::source::build_id &&
      build_id_of(what.path) != what.module.bytes)
    throw std::runtime_error(what.path + " is another build than the one the parent uses");
  runtime::load_shared_object(what.path);
}

}  // namespace

namespace detail {

stub_node::stub_node(invoke_function run, describe_function tell, std::string_view called) noexcept
    : invoke(run), describe(tell), name(called) {
  const std::lock_guard lock(nodes_lock);
  next = first_node;
  first_node = this;
}

stub_node::~stub_node() {
  const std::lock_guard lock(nodes_lock);
  for (stub_node** at = &first_node; *at; at = &(*at)->next)
    if (*at == this) {
      *at = next;
      return;
    }
}

}  // namespace detail

namespace runtime {

sendable describe_stub(detail::stub_node& node) {
  const std::lock_guard lock(nodes_lock);
  auto& all = definitions();
  std::uint32_t index = node.index.load(std::memory_order_acquire);
  if (index == 0) {
    const std::optional<loaded_module> home = module_at(&node);
    if (!home) throw std::runtime_error("no loaded module holds " + std::string(node.name));
    core::definition what;
    what.module = home->identity;
    what.offset = reinterpret_cast<std::uintptr_t>(&node) - home->base;
    what.path = home->path;
    what.name = node.name;
    index = add_definition(what);
    node.index.store(index, std::memory_order_release);
  }
  return {index, all[index - 1]};
}

detail::stub_node& foreign_stub(const core::definition& what) {
  static auto* const names = new std::deque<std::string>;
  auto* const node = new detail::stub_node(
      nullptr, [](decoder&) { return std::string("(encoded)"); }, names->emplace_back(what.name));
  const std::lock_guard lock(nodes_lock);
  node->index.store(add_definition(what), std::memory_order_release);
  return *node;
}

detail::stub_node& resolve_stub(const std::byte* data, std::size_t size) {
  decoder in(std::span(data, size), {});
  return resolve_stub(core::decode_definition(in));
}

detail::stub_node& resolve_stub(const core::definition& what) {
  try {
    if (what.offset == core::definition::by_name) {
      if (!what.path.empty()) runtime::load_shared_object(what.path);
      return only_node_named(what.name);
    }
    std::optional<std::uintptr_t> base = module_base(what.module);
    if (!base) {
      load_module_of(what);
      base = module_base(what.module);
      if (!base) throw std::runtime_error(what.path + " did not bring the expected module");
    }
    auto* const node = reinterpret_cast<detail::stub_node*>(*base + what.offset);
    if (!registered(node)) throw std::runtime_error("its module has no such function");
    return *node;
  } catch (const std::exception& why) {
    throw std::runtime_error(what.name + " cannot run in this child: " + why.what() +
                             ". Children run the program's own functions only when "
                             "glovebox::init is the first line of its main");
  }
}

}  // namespace runtime
}  // namespace glovebox
