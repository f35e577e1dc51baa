// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/function.hpp>
#include <glovebox/op.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace glovebox::binding {

/// Goes over the items of something that can be iterated.
class GLOVEBOX_API cursor {
 public:
  virtual ~cursor();
  /// Writes the next item; false: there is none, and nothing was written.
  virtual bool next(json_writer& out) = 0;
};

struct property {
  overload_set getter;
  overload_set setter;  // empty: it can only be read
  std::string doc;
};

/// What stands under a name in a module or class. One of them is set.
struct member {
  std::shared_ptr<overload_set> functions;  // of a class: methods, unless they are `free`
  bool free = false;
  std::shared_ptr<binding::property> property;
  class_info* class_ = nullptr;
  std::optional<value> constant;
};
using member_map = std::map<std::string, member, std::less<>>;

/// What is known about a C++ class, bound by the user or only met.
struct GLOVEBOX_API class_info {
  using native = void (*)(call_state& call, void* object);
  struct base {
    class_info* of;
    void* (*up)(void* object);
  };

  std::string type;                      // as the compiler calls it
  const std::type_info* info = nullptr;  // null: an incomplete class
  std::string name;                      // as bound; empty: it is not
  std::string module;
  std::string doc;
  std::vector<base> bases;
  member_map members;
  overload_set constructors;
  std::array<overload_set, special_count> said;  // by the user
  std::array<native, special_count> found{};     // by concepts
  overload_set natural_call;                     // operator()
  std::shared_ptr<cursor> (*iterate)(void* object, std::shared_ptr<void> owner,
                                     bool constant) = nullptr;
  void (*copy)(json_writer& out, const void* object) = nullptr;
  std::shared_ptr<void> object;  // what the host makes of it
  bool explored = false;         // concepts were asked

  /// `vision.Detector`, or the compiler's name.
  std::string title() const;
  /// \returns null when it is not `wanted` nor derived from it
  void* as(std::string_view wanted, void* object) const;
  bool derives_from(const class_info& other) const;
};

struct module_info {
  std::string name;
  std::string doc;
  member_map members;
};

/// Classes by the compiler's name for them. \throws std::logic_error when two different classes
/// have the same one: their objects could not be told apart
GLOVEBOX_API class_info& class_of(std::string_view type, const std::type_info* info);
/// Null: it was never met.
GLOVEBOX_API class_info* find_class(std::string_view type);
GLOVEBOX_API class_info* find_class(const std::type_info& info);

}  // namespace glovebox::binding
