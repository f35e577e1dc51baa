// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/dynamic.hpp>

#include <asio/co_spawn.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace glovebox {

/// The elements of something in a child, fetched in chunks. A chunk is made when it is asked for,
/// so whoever stops asking stops the producer, and no more than one chunk is ever in memory. When
/// the last copy of the range is gone, the child frees the iterator: an endless one may be
/// abandoned.
///
/// Copies share the position. One `next` at a time.
template <class T>
class item_range {
 public:
  /// Bounds of one chunk. The child ends a chunk early when its elements come slowly.
  static constexpr std::size_t most_items = 4096;
  static constexpr std::size_t most_bytes = 256 * 1024;
  static constexpr std::size_t most_microseconds = 10'000;

  /// Ended.
  item_range() = default;

  /// The next element, or nothing at the end. Ends with what the producer throws, after the
  /// elements before it; with `codec_error` when an element is no T.
  asio::awaitable<std::optional<T>> next() const {
    if (!state_) co_return std::nullopt;
    const std::shared_ptr<state> here = state_;
    while (here->at == here->items.size()) {
      if (here->ended) co_return std::nullopt;
      co_await fetch(here);
    }
    co_return std::move(here->items[here->at++]);
  }
  /// The same with any completion token.
  template <class Token>
  auto next(Token&& token) const {
    asio::any_io_executor where =
        state_ ? state_->iterator->home->executor() : detail::target_or_none(nullptr)->executor();
    return asio::co_spawn(std::move(where), next(), std::forward<Token>(token));
  }

 private:
  friend struct dynamic_codec<item_range>;
  struct state {
    std::shared_ptr<const detail::object_reference> iterator;
    std::vector<T> items;
    std::size_t at = 0;
    bool ended = false;
  };
  using chunk = std::pair<std::vector<T>, bool>;

  static asio::awaitable<void> fetch(std::shared_ptr<state> here) {
    const call_options options;
    try {
      chunk got = co_await detail::operate<chunk>(
          detail::operation_target{
              op::next, here->iterator->home, here->iterator->handle, "next", {}, options},
          most_items, most_bytes, most_microseconds);
      here->items = std::move(got.first);
      here->at = 0;
      here->ended = got.second;
    } catch (...) {
      here->items.clear();
      here->at = 0;
      here->ended = true;
      throw;
    }
  }

  std::shared_ptr<state> state_;
};

template <class T>
struct dynamic_codec<item_range<T>> {
  static constexpr bool reads_references = true;
  static item_range<T> read(json_reader& in) {
    item_range<T> made;
    made.state_ = std::make_shared<typename item_range<T>::state>();
    made.state_->iterator = in.object().object;
    return made;
  }
};

}  // namespace glovebox
