// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/shape.hpp>
#include <glovebox/detail/type_name.hpp>
#include <glovebox/dynamic/core.hpp>

#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace glovebox {
namespace detail {

/// What pointers to it are handles of: classes, also incomplete ones. Not values: a pointer to an
/// int or to text is no object.
template <class T>
concept object_class = std::is_class_v<T> || std::is_union_v<T>;

template <class T>
shared_object shared_object_of(T* object, std::shared_ptr<void> owner) {
  using type = std::remove_cv_t<T>;
  shared_object made;
  made.address = const_cast<type*>(object);
  made.type = type_name<type>();
  made.owner = std::move(owner);
  made.constant = std::is_const_v<T>;
  if constexpr (requires { sizeof(type); }) {
    if constexpr (std::is_polymorphic_v<type>) {
      if (object) {
        made.actual = &typeid(*object);
        made.whole = dynamic_cast<void*>(const_cast<type*>(object));
      }
    }
  }
  return made;
}

template <class T>
T* resolve(json_reader& in, std::shared_ptr<void>* owner = nullptr) {
  held_address held = in.resolve(type_name<std::remove_cv_t<T>>(), std::is_const_v<T>);
  if (owner) *owner = std::move(held.owner);
  return static_cast<T*>(held.address);
}

}  // namespace detail

/// In the child: an object that stays there, somebody else's. Null is null. In the parent pointers
/// cannot be read or written; it has `remote<T>`.
template <detail::object_class T>
struct dynamic_codec<T*> {
  static constexpr bool reads_references = true;
  static void write(json_writer& out, T* object) {
    out.share(detail::shared_object_of(object, nullptr));
  }
  static T* read(json_reader& in) { return in.null() ? nullptr : detail::resolve<T>(in); }
};

/// The same; the parent's handle owns the object, too. A value of the class becomes a new object.
template <detail::object_class T>
struct dynamic_codec<std::shared_ptr<T>> {
  static constexpr bool reads_references = true;
  static void write(json_writer& out, const std::shared_ptr<T>& object) {
    out.share(detail::shared_object_of(object.get(),
                                       std::const_pointer_cast<std::remove_cv_t<T>>(object)));
  }
  static std::shared_ptr<T> read(json_reader& in) {
    if (in.null()) return nullptr;
    if constexpr (requires { sizeof(T); }) {
      if constexpr (dynamic_transferable<T>)
        if (in.marker() != "ref") return std::make_shared<T>(read_dynamic<std::remove_cv_t<T>>(in));
    }
    std::shared_ptr<void> owner;
    T* const object = detail::resolve<T>(in, &owner);
    return std::shared_ptr<T>(std::move(owner), object);
  }
};

/// Can only be written: whoever holds the handle becomes the owner, or, of somebody's unique_ptr,
/// does not.
template <detail::object_class T, class Deleter>
struct dynamic_codec<std::unique_ptr<T, Deleter>> {
  static void write(json_writer& out, const std::unique_ptr<T, Deleter>& object) {
    out.share(detail::shared_object_of<T>(object.get(), nullptr));
  }
  static void write(json_writer& out, std::unique_ptr<T, Deleter>&& object) {
    std::shared_ptr<T> shared(std::move(object));
    T* const address = shared.get();
    out.share(detail::shared_object_of(
        address, std::const_pointer_cast<std::remove_cv_t<T>>(std::move(shared))));
  }
};

/// In the parent: an object of the child.
template <class T>
struct dynamic_codec<remote<T>> {
  static constexpr bool reads_references = true;
  static void write(json_writer& out, const remote<T>& object) {
    out.reference(object.reference());
  }
  static remote<T> read(json_reader& in) { return remote<T>::adopt(in.object().object); }
};

}  // namespace glovebox
