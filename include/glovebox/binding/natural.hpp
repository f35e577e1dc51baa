// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// What a class can do by itself, found by concepts.

#include <glovebox/binding/class_info.hpp>
#include <glovebox/binding/items.hpp>
#include <glovebox/binding/iteration.hpp>
#include <glovebox/binding/make_function.hpp>
#include <glovebox/binding/operators.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <ostream>
#include <type_traits>

namespace glovebox::binding {

template <class T>
concept printable = requires(std::ostream& to, const T& value) {
  to << value;
}
&&!std::is_convertible_v<const T&, bool>;

/// Writes what `print` prints into a stream.
GLOVEBOX_API void write_printed(json_writer& out, const void* object,
                                void (*print)(std::ostream& to, const void* object));

template <class T>
void print(call_state& call, void* object) {
  call.arguments_read();
  write_printed(call.out, object,
                [](std::ostream& to, const void* what) { to << *static_cast<const T*>(what); });
}

template <class T>
concept hashable = requires(const T& value) {
  { std::hash<T>()(value) } -> std::convertible_to<std::size_t>;
};

template <class T>
struct has_copy {
  static constexpr bool ask() {
    if constexpr (!dynamic_writable<T>)
      return false;
    else if constexpr (requires { codec<T>::is_described; })
      return detail::fields_travel<T>();
    else
      return true;
  }
  static constexpr bool value = ask();
};

/// Asks all concepts.
template <class T>
void explore(class_info& to) {
  const auto set = [&](special what, class_info::native how) {
    to.found[static_cast<std::size_t>(what)] = how;
  };
  set(special::equal, comparison<has_equal, T>());
  set(special::not_equal, comparison<has_not_equal, T>());
  set(special::less, comparison<has_less, T>());
  set(special::less_equal, comparison<has_less_equal, T>());
  set(special::greater, comparison<has_greater, T>());
  set(special::greater_equal, comparison<has_greater_equal, T>());
  if constexpr (sized<T>)
    set(special::size, [](call_state& call, void* object) {
      call.arguments_read();
      call.out.integer(static_cast<std::size_t>(static_cast<const T*>(object)->size()));
    });
  if constexpr (has_items<T>()) set(special::get_item, &get_item<T>);
  if constexpr (has_assignable_items<T>()) set(special::set_item, &set_item<T>);
  if constexpr (has_erasable_items<T>()) set(special::del_item, &del_item<T>);
  if constexpr (has_elements_to_find<T>()) set(special::contains, &contains<T>);
  if constexpr (printable<T>) set(special::str, &print<T>);
  if constexpr (hashable<T>)
    set(special::hash, [](call_state& call, void* object) {
      call.arguments_read();
      call.out.integer(static_cast<std::uint64_t>(std::hash<T>()(*static_cast<const T*>(object))));
    });
  if constexpr (std::is_constructible_v<bool, const T&>)
    set(special::truth, [](call_state& call, void* object) {
      call.arguments_read();
      call.out.boolean(static_cast<bool>(*static_cast<const T*>(object)));
    });
  if constexpr (iterable<T> || iterable<const T> || generator<T>) to.iterate = &iterate<T>;
  if constexpr (deeply<has_copy, T>())
    to.copy = [](json_writer& out, const void* object) {
      write_dynamic(out, *static_cast<const T*>(object));
    };
  if constexpr (detail::has_one_call_operator<T>) {
    if constexpr (bindable_method<decltype(&T::operator())>())
      to.natural_call.add(make_function<T>(&T::operator()));
  }
  know_items<T>();
}

template <class T>
void know_class() {
  using type = std::remove_cv_t<T>;
  if constexpr (requires { sizeof(type); }) {
    class_info& known = class_of(detail::type_name<type>(), &typeid(type));
    if (known.explored) return;
    known.explored = true;
    explore<type>(known);
  } else {
    class_of(detail::type_name<type>(), nullptr);
  }
}

}  // namespace glovebox::binding
