// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Binds C++ code as a module that children can load by its name, and parents use by names:
/// \code
/// GLOVEBOX_MODULE(vision, m) {
///   m.doc("Finds things in images.");
///   m.def("detect", &detect, arg("image"), arg("threshold") = 0.5, doc("All that is found."));
///   m.class_<detector>("Detector")
///       .constructor<std::string>()
///       .def("detect", &detector::detect)
///       .property("threshold", &detector::threshold);
///   m.attr("version") = "1.2";
///   m.exception<bad_model>("BadModel");
/// }
/// \endcode
/// A module is a shared object of its own (`vision.so` or `libvision.so`) or linked into the
/// program. Its body runs in the child, when the module is first imported.

#include <glovebox/binding/class.hpp>
#include <glovebox/binding/exceptions.hpp>
#include <glovebox/detail/module_note.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace glovebox {

/// What the body of GLOVEBOX_MODULE fills. Names may not begin with `$`.
class module_builder {
 public:
  explicit module_builder(binding::module_info& info) : info_(info) {}

  void doc(std::string text) { info_.doc = std::move(text); }

  /// A function, or anything else that can be called. The same name again adds an overload.
  /// \param extras `arg("name")` for each parameter, with `= value` as its default; `doc("text")`;
  ///        `by_proxy`: the result stays in the child although it could travel
  template <class F, class... Extra>
  module_builder& def(std::string_view name, F function, const Extra&... extras) {
    binding::functions_named(info_.members, info_.name, name, true)
        .add(binding::make_function<void>(std::move(function), extras...));
    return *this;
  }

  /// A class; see `class_`.
  template <class T, class... Bases>
  ::glovebox::class_<T, Bases...> class_(std::string_view name) {
    binding::class_info& known = binding::class_of(detail::type_name<T>(), &typeid(T));
    // First of all: methods that are said below go before what is found.
    binding::know_class<T>();
    return ::glovebox::class_<T, Bases...>(
        binding::begin_class(info_.members, info_.name, name, known));
  }

  /// A constant: `m.attr("version") = "1.2"`.
  binding::attribute_setter attr(std::string_view name) {
    return {info_.members, std::string(name)};
  }

  /// An attribute that is computed, by functions without and with a parameter.
  template <class Get, binding::property_extra... Extra>
  requires binding::has_shape<Get> module_builder& property(std::string_view name, Get getter,
                                                            const Extra&... extras) {
    named_property(name, extras...).getter.add(binding::make_function<void>(std::move(getter)));
    return *this;
  }
  template <class Get, class Set, binding::property_extra... Extra>
  requires binding::has_shape<Get> && binding::has_shape<Set> module_builder& property(
      std::string_view name, Get getter, Set setter, const Extra&... extras) {
    binding::property& made = named_property(name, extras...);
    made.getter.add(binding::make_function<void>(std::move(getter)));
    made.setter.add(binding::make_function<void>(std::move(setter)));
    return *this;
  }
  /// A variable, to read and to write.
  template <class M, binding::property_extra... Extra>
  requires std::is_object_v<M> module_builder& property(std::string_view name, M* variable,
                                                        const Extra&... extras) {
    binding::property& made = named_property(name, extras...);
    made.getter.add(binding::make_function<void>([variable]() -> M& { return *variable; }));
    if constexpr (!std::is_const_v<M> && binding::parameter_of<M>::valid)
      made.setter.add(
          binding::make_function<void>([variable](M to) { *variable = std::move(to); }));
    return *this;
  }

  /// A class of exceptions, under a name that parents know it by. What derives from it, and is not
  /// named itself, has its name too.
  template <class E>
  module_builder& exception(std::string_view name) {
    binding::name_exception<E>(info_.name + '.' + std::string(name));
    return *this;
  }

 private:
  template <class... Extra>
  binding::property& named_property(std::string_view name, const Extra&... extras) {
    binding::property& made = binding::property_named(info_.members, info_.name, name);
    (binding::apply_to_property(made, extras), ...);
    return made;
  }

  binding::module_info& info_;
};

namespace binding {

/// Makes a module known to the process that it is loaded into. What defines it runs when it is
/// imported.
class GLOVEBOX_API module_registrar {
 public:
  using definition = void (*)(module_builder& builder);
  module_registrar(const char* name, definition define) noexcept;
  module_registrar(const module_registrar&) = delete;
  module_registrar& operator=(const module_registrar&) = delete;
  ~module_registrar();

  const char* const name;
  const definition define;
  module_registrar* next;
};

}  // namespace binding
}  // namespace glovebox

/// Defines a module, at namespace scope. In its body, `arg`, `doc`, `special` and `by_proxy` need
/// no qualification. \param name an identifier: what it is imported as \param builder the body's
/// name for the `module_builder&`
#define GLOVEBOX_MODULE(name, builder)                                       \
  struct glovebox_module_##name : ::glovebox::binding::names {               \
    static void define(::glovebox::module_builder& builder);                 \
  };                                                                         \
  static ::glovebox::binding::module_registrar glovebox_registrar_of_##name( \
      #name, &glovebox_module_##name::define);                               \
  GLOVEBOX_MODULE_NOTE();                                                    \
  void glovebox_module_##name::define([[maybe_unused]] ::glovebox::module_builder& builder)
