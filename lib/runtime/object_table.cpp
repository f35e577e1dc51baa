// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/object_table.hpp>

#include <stdexcept>
#include <string>

namespace glovebox::detail {

const object_table::entry& object_table::at(std::uint64_t handle) const {
  const auto found = entries_.find(handle);
  if (found == entries_.end())
    throw std::logic_error("object #" + std::to_string(handle) + " does not exist (any more)");
  return found->second;
}

const object_table::entry& object_table::find(std::uint64_t handle, std::string_view type) const {
  const entry& found = at(handle);
  // Names, not std::type_info: an opaque pointer's class has none.
  if (found.type != type)
    throw std::logic_error("object #" + std::to_string(handle) + " is a " +
                           std::string(found.type) + ", not a " + std::string(type));
  return found;
}

std::uint64_t object_table::adopt(void* address, std::string_view type, std::shared_ptr<void> owner,
                                  bool constant) {
  const identity key{address, type};
  if (const auto known = handles_.find(key); known != handles_.end()) {
    entry& there = entries_.at(known->second);
    // The same shared object again keeps its handle. Any other owner means that the old object is
    // gone and its address was used again: its handle must not name the new one.
    if (there.owner && !there.owner.owner_before(owner) && !owner.owner_before(there.owner)) {
      ++there.references;
      return known->second;
    }
  }
  const std::uint64_t handle = ++last_handle_;
  entries_.emplace(handle, entry{address, type, std::move(owner), constant, 1});
  handles_.insert_or_assign(key, handle);
  return handle;
}

std::uint64_t object_table::refer(void* address, std::string_view type, std::shared_ptr<void> keep,
                                  bool constant) {
  const identity key{address, type};
  if (const auto known = handles_.find(key); known != handles_.end()) {
    entry& there = entries_.at(known->second);
    // First seen through a plain pointer, and now through somebody who must live as long.
    if (!there.owner) there.owner = std::move(keep);
    ++there.references;
    return known->second;
  }
  return adopt(address, type, std::move(keep), constant);
}

void object_table::retain(std::uint64_t handle, std::uint64_t count) noexcept {
  if (const auto found = entries_.find(handle); found != entries_.end())
    found->second.references += count;
}

void object_table::release(std::uint64_t handle, std::uint64_t count) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) return;
  entry& object = found->second;
  if (object.references > count) {
    object.references -= count;
    return;
  }
  // Out of the table first: the destructor may come back here.
  const entry last = std::move(object);
  entries_.erase(found);
  const auto known = handles_.find({last.address, last.type});
  if (known != handles_.end() && known->second == handle) handles_.erase(known);
}

}  // namespace glovebox::detail
