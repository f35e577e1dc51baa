// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glovebox {

/// What can be done with an object in a child, in whatever language it is written. The numbers
/// stand on the wire.
enum class op : std::uint32_t {
  import_module = 1,  ///< name: the module, as an object
  call,               ///< arguments
  call_method,        ///< name, arguments
  get,                ///< name
  set,                ///< name, value
  has,                ///< name
  del,                ///< name
  get_item,           ///< key or slice
  set_item,           ///< key, value
  del_item,           ///< key
  size,
  contains,  ///< key or element
  iterate,   ///< an iterator, as an object
  next,      ///< of an iterator: most items, most bytes, most microseconds: a list of items, and
             ///< whether it has ended
  str,       ///< text for people
  repr,      ///< text for programmers
  compare,   ///< one of == != < <= > >=, the other
  hash,
  truth,
  dir,        ///< names of attributes
  doc,        ///< name or nothing: of the attribute, or of the object itself
  signature,  ///< the same: a list of texts, one an overload
  type_name,
  is_instance,  ///< class
  is_same,      ///< the other
  by_value,     ///< a copy
};
inline constexpr op last_op = op::by_value;

/// Whether it only looks at the object.
constexpr bool only_looks(op what) noexcept {
  switch (what) {
    case op::get:
    case op::has:
    case op::get_item:
    case op::size:
    case op::contains:
    case op::str:
    case op::repr:
    case op::compare:
    case op::hash:
    case op::truth:
    case op::dir:
    case op::doc:
    case op::signature:
    case op::type_name:
    case op::is_instance:
    case op::is_same:
    case op::by_value:
      return true;
    default:
      return false;
  }
}

/// What a class can do besides its methods. `class_` finds these by itself; `def` with one of them
/// says it otherwise.
enum class special : std::uint8_t {
  call,
  get,  ///< an attribute that is not bound, by its name; null: there is none
  set,  ///< name, value; false: there can be none
  has,  ///< name
  del,  ///< name; false: there is none
  dir,  ///< names of such attributes
  get_item,
  set_item,
  del_item,
  size,
  contains,
  iterate,  ///< the function returns a range
  str,
  repr,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  hash,
  truth,
};
inline constexpr std::size_t special_count = static_cast<std::size_t>(special::truth) + 1;

}  // namespace glovebox
