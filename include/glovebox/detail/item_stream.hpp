// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/results.hpp>
#include <glovebox/detail/stub_node.hpp>
#include <glovebox/generator.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace glovebox {

template <class T>
class item_range;

namespace detail {

/// What stands before each item of a chunk, and at its end.
enum class item_mark : std::uint8_t { pause, item, end };

/// Child: what makes the items of an `item_range` of typed calls. Chunk by chunk, so that it stops
/// when nobody asks. Used on the child's main thread only.
class GLOVEBOX_API item_stream {
 public:
  struct bounds {
    std::uint64_t items;
    std::uint64_t bytes;
    std::uint32_t microseconds;
  };

  item_stream() = default;
  item_stream(const item_stream&) = delete;
  item_stream& operator=(const item_stream&) = delete;
  virtual ~item_stream();

  /// Writes the next items, at least one unless it ends. An item that throws ends the iteration,
  /// but not before those that came before it have been delivered.
  void write_chunk(encoder& out, const bounds& most);
  /// Names `write_chunk` on the wire.
  static stub_node& reader() noexcept;

 private:
  /// Writes item_mark::item and the item; false at the end.
  virtual bool write_next(encoder& out) = 0;
  /// Frees what is not needed behind the end.
  virtual void close() noexcept = 0;
  void end() noexcept;

  std::exception_ptr pending_;
  bool ended_ = false;
  bool running_ = false;
};

// A map's items cross as pairs that can be assigned.
template <class V>
struct item_value {
  using type = std::remove_cv_t<V>;
};
template <class K, class V>
struct item_value<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};
template <class Range>
using item_of = typename item_value<std::ranges::range_value_t<Range>>::type;

template <class Range>
class range_stream final : public item_stream {
 public:
  range_stream(Range& over, std::shared_ptr<void> keep) : keep_(std::move(keep)), over_(&over) {}

 private:
  using reference = std::ranges::range_reference_t<Range>;

  bool write_next(encoder& out) override {
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
    out.number(static_cast<std::uint8_t>(item_mark::item));
    // Proxies, as those of vector<bool>, are the values they stand for.
    if constexpr (std::is_same_v<std::remove_cvref_t<reference>, std::ranges::range_value_t<Range>>)
      glovebox::encode(out, **at_);
    else
      glovebox::encode(out, static_cast<std::ranges::range_value_t<Range>>(**at_));
    return true;
  }
  void close() noexcept override {
    at_.reset();
    end_.reset();
    keep_.reset();
  }

  std::shared_ptr<void> keep_;
  Range* over_;
  std::optional<std::ranges::iterator_t<Range>> at_;
  std::optional<std::ranges::sentinel_t<Range>> end_;
  bool behind_item_ = false;
};

template <class Range>
std::uint64_t adopt_stream(object_table& objects, Range& over, std::shared_ptr<void> keep) {
  std::shared_ptr<item_stream> made = std::make_shared<range_stream<Range>>(over, std::move(keep));
  item_stream* const address = made.get();
  return objects.adopt(address, type_name<item_stream>(), std::move(made), false);
}

/// A generator's items are fetched by the parent; the generator stays.
template <class T>
struct result_of<generator<T>> {
  static constexpr bool by_value = false;
  static constexpr bool travels = transferable<T>;
  static_assert(travels,
                "glovebox: the items of this generator do not travel by value. Describe their "
                "class with BOOST_DESCRIBE_STRUCT, specialise glovebox::codec<T>, or return a "
                "reference to the generator, which stays in the child");
  using parent = std::conditional_t<travels, item_range<T>, void>;

  template <class F>
  static void write([[maybe_unused]] invocation& call, [[maybe_unused]] F&& run) {
    if constexpr (travels) {
      auto owner = std::make_shared<generator<T>>(run());
      generator<T>& over = *owner;
      call.result_object = adopt_stream(call.objects, over, std::move(owner));
    }
  }
};

/// What `remote<Range>::iterate` runs.
template <class Range>
struct object_items {
  Range* over;
};
template <class Range>
object_items<Range> items_of(Range& object) {
  return {&object};
}

template <class Range>
struct result_of<object_items<Range>> {
  static constexpr bool by_value = false;
  using parent = item_range<item_of<Range>>;

  template <class F>
  static void write(invocation& call, F&& run) {
    const object_items<Range> items = run();
    call.result_object = adopt_stream(call.objects, *items.over, call.keep);
  }
};

template <class Range>
concept has_items_to_give = std::ranges::input_range<Range>;
template <class Range>
concept has_items_that_travel = has_items_to_give<Range> && transferable<item_of<Range>>;

}  // namespace detail
}  // namespace glovebox
