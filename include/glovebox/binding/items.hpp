// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Items of containers and of what looks like one, found by concepts.

#include <glovebox/binding/operators.hpp>
#include <glovebox/binding/results.hpp>
#include <glovebox/slice.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

template <class T>
concept sized = requires(const T& value) {
  { value.size() } -> std::convertible_to<std::size_t>;
};
template <class T>
concept keyed = requires {
  typename T::key_type;
};
template <class T>
concept mapped = keyed<T> && requires {
  typename T::mapped_type;
};
/// Positions are its keys.
template <class T>
concept sequence = !keyed<T> && sized<T> && requires(T & value, std::size_t at) {
  value[at];
  typename T::value_type;
};
/// A class of the user's that has nothing but `at` or [].
template <class T, class K>
concept subscript_at = requires(T& value, const K& key) {
  value.at(key);
};
template <class T, class K>
concept subscript = requires(T& value, const K& key) {
  value[key];
};

GLOVEBOX_API std::size_t position(json_reader& in, std::size_t size);
[[noreturn]] GLOVEBOX_API void no_such_key();

/// As what an item is given: proxies, as those of vector<bool>, are the values they stand for.
template <class R, class Value>
using item_result =
    std::conditional_t<!std::is_reference_v<R> && !std::is_same_v<std::remove_cv_t<R>, Value> &&
                           std::is_convertible_v<R, Value>,
                       Value, R>;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

/// Writes an item: what it is if it travels, else itself as an object of its container.
template <class Value, class Get>
void write_item(json_writer& out, Get&& get) {
  using result = item_result<decltype(get()), Value>;
  using bare = std::remove_cvref_t<result>;
  if constexpr (is_pair<bare> && std::is_lvalue_reference_v<result> &&
                !result_of<result>::travels) {
    // Of a map: at least the key travels.
    auto& both = get();
    out.begin_list();
    write_item<typename bare::first_type>(
        out, [&]() -> auto& { return both.first; });
    write_item<typename bare::second_type>(
        out, [&]() -> auto& { return both.second; });
    out.end_list();
  } else {
    result_of<result>::write(out, [&]() -> result { return get(); });
  }
}

template <class T>
void get_item(call_state& call, void* object) {
  T& self = *static_cast<T*>(object);
  json_reader& in = call.positional(0);
  if constexpr (mapped<T>) {
    const auto key = read_dynamic<typename T::key_type>(in);
    call.arguments_read();
    auto found = self.find(key);
    if (found == self.end()) no_such_key();
    write_item<typename T::mapped_type>(
        call.out, [&]() -> auto& { return found->second; });
  } else if constexpr (sequence<T>) {
    if (in.marker() == "slice") {
      const auto range = read_dynamic<slice>(in).of(self.size());
      call.arguments_read();
      json_writer::scope path(call.out, 0);
      call.out.begin_list();
      for (std::size_t i = 0; i != range.count; ++i) {
        path.at(i);
        const auto at =
            static_cast<std::size_t>(range.first + range.step * static_cast<std::int64_t>(i));
        write_item<typename T::value_type>(call.out, [&]() -> decltype(auto) { return self[at]; });
      }
      call.out.end_list();
      return;
    }
    const std::size_t at = position(in, self.size());
    call.arguments_read();
    write_item<typename T::value_type>(call.out, [&]() -> decltype(auto) { return self[at]; });
  } else if constexpr (subscript_at<T, std::size_t> || subscript<T, std::size_t>) {
    const auto at = read_dynamic<std::size_t>(in);
    call.arguments_read();
    if constexpr (subscript_at<T, std::size_t>)
      write_item<std::remove_cvref_t<decltype(self.at(at))>>(
          call.out, [&]() -> decltype(auto) { return self.at(at); });
    else
      write_item<std::remove_cvref_t<decltype(self[at])>>(
          call.out, [&]() -> decltype(auto) { return self[at]; });
  } else {
    const auto key = read_dynamic<std::string>(in);
    call.arguments_read();
    if constexpr (subscript_at<T, std::string>)
      write_item<std::remove_cvref_t<decltype(self.at(key))>>(
          call.out, [&]() -> decltype(auto) { return self.at(key); });
    else
      write_item<std::remove_cvref_t<decltype(self[key])>>(
          call.out, [&]() -> decltype(auto) { return self[key]; });
  }
}

template <class T>
constexpr bool has_items() {
  if constexpr (mapped<T>)
    return dynamic_transferable<typename T::key_type> &&
           result_of<typename T::mapped_type&>::valid &&
           requires(T & map, const typename T::key_type& key) {
      map.find(key)->second;
    };
  else if constexpr (sequence<T>)
    return result_of<typename T::value_type&>::valid;
  else if constexpr (subscript_at<T, std::size_t>)
    return result_of<decltype(std::declval<T&>().at(std::size_t{}))>::valid;
  else if constexpr (subscript<T, std::size_t>)
    return result_of<decltype(std::declval<T&>()[std::size_t{}])>::valid;
  else if constexpr (subscript_at<T, std::string>)
    return result_of<decltype(std::declval<T&>().at(std::string()))>::valid;
  else if constexpr (subscript<T, std::string>)
    return result_of<decltype(std::declval<T&>()[std::string()])>::valid;
  else
    return false;
}

template <class T>
void set_item(call_state& call, void* object) {
  T& self = *static_cast<T*>(object);
  if constexpr (mapped<T>) {
    using mapped_type = typename T::mapped_type;
    auto key = read_dynamic<typename T::key_type>(call.positional(0));
    auto held = taken<mapped_type>::read(call.positional(1));
    call.arguments_read();
    self.insert_or_assign(std::move(key), taken<mapped_type>::pass(held));
  } else {
    using element = typename T::value_type;
    const std::size_t at = position(call.positional(0), self.size());
    auto held = taken<element>::read(call.positional(1));
    call.arguments_read();
    self[at] = taken<element>::pass(held);
  }
  call.out.null();
}

template <class T>
constexpr bool has_assignable_items() {
  if constexpr (mapped<T>) {
    if constexpr (dynamic_transferable<typename T::key_type> &&
                  parameter_of<typename T::mapped_type>::valid)
      return requires(T & map, typename T::key_type key,
                      taken<typename T::mapped_type>::holder & held) {
        map.insert_or_assign(std::move(key), taken<typename T::mapped_type>::pass(held));
      };
    else
      return false;
  } else if constexpr (sequence<T>) {
    if constexpr (parameter_of<typename T::value_type>::valid)
      return requires(T & all, taken<typename T::value_type>::holder & held) {
        all[std::size_t{}] = taken<typename T::value_type>::pass(held);
      };
    else
      return false;
  } else {
    return false;
  }
}

template <class T>
void del_item(call_state& call, void* object) {
  T& self = *static_cast<T*>(object);
  if constexpr (keyed<T>) {
    const auto key = read_dynamic<typename T::key_type>(call.positional(0));
    call.arguments_read();
    if (self.erase(key) == 0) no_such_key();
  } else {
    const std::size_t at = position(call.positional(0), self.size());
    call.arguments_read();
    self.erase(self.begin() + static_cast<std::ptrdiff_t>(at));
  }
  call.out.null();
}

template <class T>
constexpr bool has_erasable_items() {
  if constexpr (keyed<T>)
    return dynamic_transferable<typename T::key_type> &&
           requires(T & all, const typename T::key_type& key) {
      { all.erase(key) } -> std::convertible_to<std::size_t>;
    };
  else if constexpr (sequence<T>)
    return std::is_move_assignable_v<typename T::value_type> && requires(T & all) {
      all.erase(all.begin() + std::ptrdiff_t{});
    };
  else
    return false;
}

template <class T>
concept has_contains_key = keyed<T> && requires(const T& all, const typename T::key_type& key) {
  { all.contains(key) } -> truthful;
};

template <class T>
void contains(call_state& call, void* object) {
  const T& self = *static_cast<const T*>(object);
  if constexpr (has_contains_key<T>) {
    const auto key = read_dynamic<typename T::key_type>(call.positional(0));
    call.arguments_read();
    call.out.boolean(bool(self.contains(key)));
  } else {
    using element = taken<const typename T::value_type&>;
    auto held = element::read(call.positional(0));
    call.arguments_read();
    call.out.boolean(std::find(self.begin(), self.end(), element::pass(held)) != self.end());
  }
}

template <class T>
constexpr bool has_elements_to_find() {
  if constexpr (has_contains_key<T>)
    return dynamic_transferable<typename T::key_type>;
  else if constexpr (requires(const T& all) {
                       typename T::value_type;
                       all.begin() != all.end();
                     })
    return deeply<has_equal, typename T::value_type>() &&
           parameter_of<const typename T::value_type&>::valid;
  else
    return false;
}

}  // namespace glovebox::binding
