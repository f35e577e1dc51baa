// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/class_info.hpp>
#include <glovebox/binding/make_function.hpp>
#include <glovebox/binding/natural.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox {

namespace binding {

/// Stands in place of a name: `attr("version") = "1.2"`.
class GLOVEBOX_API attribute_setter {
 public:
  attribute_setter(member_map& members, std::string name)
      : members_(members), name_(std::move(name)) {}
  template <class T>
  void operator=(T&& constant) {
    set(value(std::forward<T>(constant)));
  }

 private:
  void set(value&& constant);
  member_map& members_;
  std::string name_;
};

/// \throws std::logic_error when the name is something else already
GLOVEBOX_API overload_set& functions_named(member_map& members, std::string_view owner,
                                           std::string_view name, bool free);
GLOVEBOX_API property& property_named(member_map& members, std::string_view owner,
                                      std::string_view name);
GLOVEBOX_API class_info& begin_class(member_map& members, std::string_view module,
                                     std::string_view name, class_info& of);
GLOVEBOX_API void add_base(class_info& to, class_info& base, void* (*up)(void* object));

[[noreturn]] GLOVEBOX_API void refuse_iteration(const std::string& title);

/// What may stand behind a property.
template <class E>
concept property_extra =
    std::is_same_v<E, doc> || std::is_convertible_v<const E&, std::string_view>;
template <property_extra E>
void apply_to_property(property& to, const E& extra) {
  if constexpr (std::is_same_v<E, doc>)
    to.doc = extra.text;
  else
    to.doc = std::string_view(extra);
}

/// Reads a data member: what it is if it travels, else the object itself.
template <class Self, class M, class C>
std::shared_ptr<const function> member_getter(M C::*at) {
  if constexpr (result_of<const M&>::travels)
    return make_function<Self>([at](const Self& self) -> const M& { return self.*at; });
  else
    return make_function<Self>([at](Self& self) -> M& { return self.*at; });
}

template <class Self, class M, class C>
std::shared_ptr<const function> member_setter(M C::*at) {
  if constexpr (!std::is_const_v<M> && parameter_of<M>::valid)
    if constexpr (std::is_move_assignable_v<M>)
      return make_function<Self>([at](Self& self, M to) { self.*at = std::move(to); });
  return nullptr;
}

template <class List>
struct first_of;
template <class First, class... More>
struct first_of<detail::type_list<First, More...>> {
  using type = First;
};

/// A function object whose call makes a cursor.
template <class Self, class F>
std::shared_ptr<const function> make_iteration(F target) {
  using shape = typename shape_of<F>::type;
  using result = typename shape::result;
  using range = std::remove_reference_t<result>;
  static_assert(iterable<range> || generator<range>,
                "glovebox: what special::iterate is given must return a range of items that travel "
                "or are objects");
  const auto run = [](const function& what, call_state& call) {
    using this_type = self_parameter<Self, typename first_of<typename shape::parameters>::type>;
    auto* const object =
        static_cast<Self*>(call.self(detail::type_name<Self>(), this_type::constant));
    call.arguments_read();
    auto& function = static_cast<const stored_function<F>&>(what).target;
    if constexpr (std::is_lvalue_reference_v<result>) {
      auto& got = std::invoke(function, this_type::pass(object));
      call.made_cursor = iterate<std::remove_const_t<range>>(
          const_cast<std::remove_const_t<range>*>(std::addressof(got)), call.object()->owner,
          std::is_const_v<range>);
    } else {
      // The range may be a view of the object: both are kept.
      using owned = std::pair<std::shared_ptr<void>, std::remove_const_t<range>>;
      auto made = std::make_shared<owned>(call.object()->owner,
                                          std::invoke(function, this_type::pass(object)));
      auto* const address = &made->second;
      call.made_cursor = iterate<std::remove_const_t<range>>(address, std::move(made), false);
    }
  };
  auto made = detail::share<function>(new stored_function<F>(+run, std::move(target)));
  made->object = detail::type_name<Self>();
  made->result = pretty_type(detail::type_name<std::remove_cv_t<range>>());
  know_items<std::remove_cv_t<range>>();
  return made;
}

}  // namespace binding

/// Binds a class: `m.class_<detector>("Detector").constructor<std::string>().def(...)`. What the
/// class can do by operators, as a container, as a callable, is found out; `def` with a `special`
/// says otherwise. Bases: those named as template arguments, or those that Boost.Describe knows.
/// They must have been bound before, or are known by their type alone.
///
/// Methods are run with the object itself; a result that does not travel stays in the child and
/// keeps the object alive.
template <class T, class... Bases>
class class_ {
  static_assert(std::is_class_v<T> && !std::is_const_v<T>);
  static_assert((std::is_base_of_v<Bases, T> && ...), "glovebox: this is no base of the class");

 public:
  explicit class_(binding::class_info& info) : info_(info) {
    (add_base<Bases>(), ...);
    if constexpr (sizeof...(Bases) == 0 && boost::describe::has_describe_bases<T>::value) {
      boost::mp11::mp_for_each<boost::describe::describe_bases<T, boost::describe::mod_public>>(
          [&](auto each) { add_base<typename decltype(each)::type>(); });
    }
    // Until a constructor is named.
    if constexpr (std::is_default_constructible_v<T>) {
      if (info_.constructors.empty()) {
        construct([] { return std::make_shared<T>(); });
        default_constructor_ = true;
      }
    }
  }

  /// A constructor with these parameters. Extras as with `def`.
  template <class... A, class... Extra>
  class_& constructor(const Extra&... extras) {
    static_assert(std::is_constructible_v<T, A...>, "glovebox: the class has no such constructor");
    return construct(
        [](A... arguments) { return std::make_shared<T>(std::forward<A>(arguments)...); },
        extras...);
  }
  /// A function that makes objects: it returns T, std::unique_ptr<T> or std::shared_ptr<T>.
  template <class F, class... Extra>
  class_& factory(F function, const Extra&... extras) {
    return construct(std::move(function), extras...);
  }

  /// A method: a member function, or a function whose first parameter is the object. The same name
  /// again adds an overload. \param extras `arg("name")` for each parameter, with `= value` as its
  /// default; `doc("text")`; `by_proxy`: the result stays in the child
  template <class F, class... Extra>
  class_& def(std::string_view name, F function, const Extra&... extras) {
    binding::functions_named(info_.members, info_.title(), name, false)
        .add(binding::make_function<T>(std::move(function), extras...));
    return *this;
  }
  /// What the class does besides its methods, instead of what was found out.
  template <class F, class... Extra>
  class_& def(special what, F function, const Extra&... extras) {
    auto& said = info_.said[static_cast<std::size_t>(what)];
    if (what == special::iterate) {
      if constexpr (binding::has_shape<F>) {
        if constexpr (makes_range<F>())
          said.add(binding::make_iteration<T>(std::move(function)));
        else
          binding::refuse_iteration(info_.title());
      }
      return *this;
    }
    said.name = info_.title();
    said.add(binding::make_function<T>(std::move(function), extras...));
    return *this;
  }
  /// A function that belongs to the class, not to an object.
  template <class F, class... Extra>
  class_& def_static(std::string_view name, F function, const Extra&... extras) {
    binding::functions_named(info_.members, info_.title(), name, true)
        .add(binding::make_function<void>(std::move(function), extras...));
    return *this;
  }

  /// A data member, to read and, unless it is const, to write; or a member function that only
  /// reads.
  template <class M, class C, binding::property_extra... Extra>
  class_& property(std::string_view name, M C::*member, const Extra&... extras) {
    binding::property& made = named_property(name, extras...);
    if constexpr (std::is_function_v<M>) {
      made.getter.add(binding::make_function<T>(member));
    } else {
      made.getter.add(binding::member_getter<T>(member));
      if (auto setter = binding::member_setter<T>(member)) made.setter.add(std::move(setter));
    }
    return *this;
  }
  /// A property that is computed: functions of the object.
  template <class Get, class Set, binding::property_extra... Extra>
  requires binding::has_shape<Get> && binding::has_shape<Set> class_& property(
      std::string_view name, Get getter, Set setter, const Extra&... extras) {
    binding::property& made = named_property(name, extras...);
    made.getter.add(binding::make_function<T>(std::move(getter)));
    made.setter.add(binding::make_function<T>(std::move(setter)));
    return *this;
  }
  template <class Get, binding::property_extra... Extra>
  requires(!std::is_member_pointer_v<Get> &&
           binding::has_shape<Get>) class_& property(std::string_view name, Get getter,
                                                     const Extra&... extras) {
    named_property(name, extras...).getter.add(binding::make_function<T>(std::move(getter)));
    return *this;
  }
  /// A data member that can only be read.
  template <class M, class C, binding::property_extra... Extra>
  class_& readonly(std::string_view name, M C::*member, const Extra&... extras) {
    named_property(name, extras...).getter.add(binding::member_getter<T>(member));
    return *this;
  }

  /// Lets objects have attributes of the user's own, kept in this member.
  template <class C>
  class_& attributes(std::map<std::string, value> C::*in) {
    using map = std::map<std::string, value>;
    def(special::get, [in](const T& self, const std::string& name) -> std::optional<value> {
      const map& all = self.*in;
      const auto found = all.find(name);
      if (found == all.end()) return std::nullopt;
      return found->second;
    });
    def(special::has,
        [in](const T& self, const std::string& name) { return (self.*in).contains(name); });
    def(special::set, [in](T& self, const std::string& name, value to) {
      (self.*in).insert_or_assign(name, std::move(to));
      return true;
    });
    def(special::del,
        [in](T& self, const std::string& name) { return (self.*in).erase(name) != 0; });
    def(special::dir, [in](const T& self) {
      std::vector<std::string> names;
      for (const auto& [name, what] : self.*in) names.push_back(name);
      return names;
    });
    return *this;
  }

  /// A constant of the class.
  binding::attribute_setter attr(std::string_view name) {
    return {info_.members, std::string(name)};
  }
  class_& doc(std::string text) {
    info_.doc = std::move(text);
    return *this;
  }

 private:
  template <class F>
  static constexpr bool makes_range() {
    using shape = typename binding::shape_of<F>::type;
    using range = std::remove_reference_t<typename shape::result>;
    if constexpr (std::is_void_v<range> || shape::parameters::size != 1)
      return false;
    else
      return binding::iterable<range> || binding::generator<range>;
  }
  template <class B>
  void add_base() {
    binding::know_class<B>();
    binding::add_base(
        info_, binding::class_of(detail::type_name<B>(), &typeid(B)),
        [](void* object) -> void* { return static_cast<B*>(static_cast<T*>(object)); });
  }
  template <class F, class... Extra>
  class_& construct(F function, const Extra&... extras) {
    if (std::exchange(default_constructor_, false)) info_.constructors = {};
    auto made = binding::make_function<void>(std::move(function), extras..., binding::by_proxy_t{});
    if (made) made->result = info_.title();
    info_.constructors.name = info_.title();
    info_.constructors.add(std::move(made));
    return *this;
  }
  template <class... Extra>
  binding::property& named_property(std::string_view name, const Extra&... extras) {
    binding::property& made = binding::property_named(info_.members, info_.title(), name);
    (binding::apply_to_property(made, extras), ...);
    return made;
  }

  binding::class_info& info_;
  bool default_constructor_ = false;
};

}  // namespace glovebox
