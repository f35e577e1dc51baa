// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <exception>
#include <string>
#include <typeinfo>

namespace glovebox::binding {

/// A class of exceptions that has a name for parents.
struct named_exception {
  std::string name;  // `vision.BadModel`
  const std::type_info* type;
  bool (*matches)(const std::exception_ptr& thrown);  // is it one, or derived from it?
};

GLOVEBOX_API void add_exception(named_exception&& what);
/// The name of what was thrown, or of the class that it derives from; empty: nobody named it.
GLOVEBOX_API std::string exception_name(const std::exception_ptr& thrown,
                                        const std::type_info* type);

template <class E>
void name_exception(std::string name) {
  add_exception({std::move(name), &typeid(E), [](const std::exception_ptr& thrown) {
                   try {
                     std::rethrow_exception(thrown);
                   } catch (const E&) {
                     return true;
                   } catch (...) {
                     return false;
                   }
                 }});
}

}  // namespace glovebox::binding
