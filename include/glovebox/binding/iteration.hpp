// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Going over ranges and generators, item by item.

#include <glovebox/binding/class_info.hpp>
#include <glovebox/binding/items.hpp>
#include <glovebox/binding/make_function.hpp>

#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

template <class Range>
class range_cursor final : public cursor {
 public:
  range_cursor(Range& over, std::shared_ptr<void> owner) : owner_(std::move(owner)), over_(&over) {}

  bool next(json_writer& out) override {
    if (!at_) {
      at_.emplace(std::ranges::begin(*over_));
      end_.emplace(std::ranges::end(*over_));
    } else if (behind_item_) {
      behind_item_ = false;
      ++*at_;
    }
    if (*at_ == *end_) return false;
    // Only the next call moves on: an endless generator is never asked for what nobody wants.
    behind_item_ = true;
    write_item<std::ranges::range_value_t<Range>>(out, [&]() -> decltype(auto) { return **at_; });
    return true;
  }

 private:
  std::shared_ptr<void> owner_;
  Range* over_;
  std::optional<std::ranges::iterator_t<Range>> at_;
  std::optional<std::ranges::sentinel_t<Range>> end_;
  bool behind_item_ = false;
};

/// Something with `next()`, which returns an optional: a generator.
template <class Generator>
class generator_cursor final : public cursor {
 public:
  generator_cursor(Generator& of, std::shared_ptr<void> owner)
      : owner_(std::move(owner)), of_(&of) {}

  bool next(json_writer& out) override {
    auto got = of_->next();
    if (!got) return false;
    write_item<std::remove_cvref_t<decltype(*got)>>(
        out, [&]() -> std::remove_cvref_t<decltype(*got)> { return *std::move(got); });
    return true;
  }

 private:
  std::shared_ptr<void> owner_;
  Generator* of_;
};

template <class T>
concept iterable = std::ranges::input_range<T> &&
    (result_of<std::ranges::range_reference_t<T>>::valid ||
     result_of<std::ranges::range_value_t<T>>::valid);
template <class T>
concept generator = !iterable<T> && requires(T & of) {
  { of.next() } -> truthful;
  *of.next();
  requires result_of<std::remove_cvref_t<decltype(*of.next())>>::valid;
};

template <class T>
std::shared_ptr<cursor> iterate(void* object, std::shared_ptr<void> owner,
                                [[maybe_unused]] bool constant) {
  T& self = *static_cast<T*>(object);
  if constexpr (iterable<const T>) {
    if (constant || !iterable<T>)
      return std::make_shared<range_cursor<const T>>(self, std::move(owner));
  }
  if constexpr (iterable<T>)
    return std::make_shared<range_cursor<T>>(self, std::move(owner));
  else if constexpr (generator<T>)
    return std::make_shared<generator_cursor<T>>(self, std::move(owner));
  else
    return nullptr;
}

/// The classes of items that are objects.
template <class T>
void know_items() {
  const auto know = []<class R>(std::type_identity<R>) {
    if constexpr (result_of<R>::valid && !is_pair<std::remove_cvref_t<R>>) {
      using kept = typename result_of<R>::kept;
      if constexpr (!std::is_void_v<kept> && !std::is_same_v<kept, T>) know_class<kept>();
    }
  };
  if constexpr (iterable<T>)
    know(std::type_identity<
         item_result<std::ranges::range_reference_t<T>, std::ranges::range_value_t<T>>>{});
  else if constexpr (generator<T>)
    know(std::type_identity<std::remove_cvref_t<decltype(*std::declval<T&>().next())>>{});
  if constexpr (mapped<T> && has_items<T>())
    know(std::type_identity<typename T::mapped_type&>{});
  else if constexpr (sequence<T> && has_items<T>())
    know(std::type_identity<typename T::value_type&>{});
}

}  // namespace glovebox::binding
