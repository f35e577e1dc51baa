// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace glovebox::detail {

/// The child's objects that the parent holds handles of. Handles are serial numbers, never
/// addresses and never used again. Used on the child's main thread only.
class GLOVEBOX_API object_table {
 public:
  struct entry {
    void* address = nullptr;
    std::string_view type;        // type_name<T>(), T without const
    std::shared_ptr<void> owner;  // null: the table does not keep the object alive
    bool constant = false;
    std::uint64_t references = 0;  // how often the parent was given the handle, less its releases
  };

  /// \throws std::logic_error when the handle is stale, or the object is of another type
  const entry& find(std::uint64_t handle, std::string_view type) const;
  /// Whatever the object is. \throws std::logic_error when the handle is stale
  const entry& at(std::uint64_t handle) const;

  /// A new object that the table owns, or shares.
  std::uint64_t adopt(void* address, std::string_view type, std::shared_ptr<void> owner,
                      bool constant);
  /// An object that somebody else owns; the handle it has already, if it has one. `keep` is what
  /// must stay alive for the object to do so.
  std::uint64_t refer(void* address, std::string_view type, std::shared_ptr<void> keep,
                      bool constant);
  /// Gives references back; the last one forgets the object and destroys it if the table owns it.
  void release(std::uint64_t handle, std::uint64_t count);

  /// Handles from now on are greater than this; those there are stay.
  void continue_after(std::uint64_t handle) noexcept {
    if (handle > last_handle_) last_handle_ = handle;
  }
  /// The greatest handle of an object that there is or was.
  std::uint64_t last_handle() const noexcept { return last_handle_; }
  /// The parent holds that many more references; nothing happens when the handle is stale.
  void retain(std::uint64_t handle, std::uint64_t count) noexcept;

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct identity {
    void* address;
    std::string_view type;
    bool operator==(const identity&) const = default;
  };
  struct identity_hash {
    std::size_t operator()(const identity& of) const noexcept {
      return std::hash<void*>()(of.address) ^ std::hash<std::string_view>()(of.type);
    }
  };

  std::uint64_t last_handle_ = 0;
  std::unordered_map<std::uint64_t, entry> entries_;
  std::unordered_map<identity, std::uint64_t, identity_hash> handles_;
};

}  // namespace glovebox::detail
