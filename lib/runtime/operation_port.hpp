// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/class_info.hpp>
#include <glovebox/detail/object_reference.hpp>
#include <glovebox/detail/object_table.hpp>
#include <glovebox/dynamic/object_port.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace glovebox::runtime {

/// What stands in the table for things of the host's own: modules, classes, functions, iterators.
inline constexpr std::string_view host_object_type = "glovebox::runtime::host_object";

/// An object that a value in the child holds: the object itself, whatever becomes of its handle.
/// All references that have no home are of this class.
struct held_object : detail::object_reference {
  held_object(void* where, std::string_view what, std::shared_ptr<void> owned_by, bool is_constant,
              std::uint64_t number)
      : object_reference(nullptr, number),
        address(where),
        type(what),
        owner(std::move(owned_by)),
        constant(is_constant) {}
  static const held_object& of(const object_reference& reference);

  void* address;
  std::string_view type;
  std::shared_ptr<void> owner;
  bool constant;
};

/// The objects of one operation in the child: its arguments', which what it returns may refer to,
/// and its result's, which count only if it succeeds.
class operation_port final : public detail::object_port {
 public:
  explicit operation_port(detail::object_table& table) noexcept : table_(table) {}

  std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& object) override;
  std::shared_ptr<const detail::object_reference> adopt(std::uint64_t handle) override;
  detail::held_address resolve(std::uint64_t handle, std::string_view wanted) override;
  detail::named_object share(const detail::shared_object& object) override;
  std::shared_ptr<const detail::object_reference> hold(
      const detail::shared_object& object) override;
  detail::held_address resolve_held(const detail::object_reference& object,
                                    std::string_view wanted) override;
  void describe(const detail::object_reference& object, detail::named_object& to) override;
  bool write_copy(json_writer& out, const detail::shared_object& object) override;

  /// Something that references in the result may need.
  void keep(std::shared_ptr<void> owner);
  /// Counts a reference that was given out.
  void given(std::uint64_t handle) { given_.push_back(handle); }
  std::size_t count_given() const noexcept { return given_.size(); }
  /// Takes all references back but the first ones.
  void take_back(std::size_t all_but) noexcept;

  /// While one lives, objects are written as copies.
  class copying {
   public:
    explicit copying(operation_port& port) noexcept : port_(port) { ++port_.copies_; }
    copying(const copying&) = delete;
    copying& operator=(const copying&) = delete;
    ~copying() { --port_.copies_; }

   private:
    operation_port& port_;
  };
  /// Writes a copy of an object, which must not contain itself.
  void write_copy_of(json_writer& out, const binding::class_info& of, void* object);

 private:
  struct identified {
    binding::class_info& of;
    void* address;
  };
  static identified identify(const detail::shared_object& object);
  detail::held_address found(void* address, std::string_view type,
                             const std::shared_ptr<void>& owner, bool constant,
                             std::string_view wanted);
  const std::shared_ptr<void>& all_kept();

  detail::object_table& table_;
  std::vector<std::shared_ptr<void>> kept_;
  std::shared_ptr<void> all_kept_;
  std::vector<std::uint64_t> given_;
  std::vector<const void*> inside_;  // objects that are being copied
  int copies_ = 0;
  std::string title_;
};

}  // namespace glovebox::runtime
