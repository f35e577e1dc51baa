// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/call_options.hpp>
#include <glovebox/detail/item_queue.hpp>
#include <glovebox/detail/item_stream.hpp>
#include <glovebox/detail/start.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace glovebox {

namespace detail {

GLOVEBOX_API std::shared_ptr<target> target_or_none(const std::shared_ptr<target>& on);

template <class T>
std::unique_ptr<item_chunk> read_item_chunk(const answer& from) {
  auto chunk = std::make_unique<item_chunk_of<T>>();
  decoder in(from.body, from.attachments, from.limits);
  decoder::scope path(in, 0);
  for (;;) {
    const auto mark = static_cast<item_mark>(in.number<std::uint8_t>());
    if (mark != item_mark::item) {
      if (mark > item_mark::end) in.fail("an item or the end was expected");
      chunk->ended = mark == item_mark::end;
      break;
    }
    path.at(chunk->items.size());
    in.charge(sizeof(T));
    chunk->items.push_back(decode<T>(in));
  }
  in.finish();
  chunk->size = chunk->items.size();
  if (chunk->size == 0 && !chunk->ended) in.fail("neither items nor the end");
  return chunk;
}

template <class T, class E>
asio::awaitable<std::optional<T>, E> next_item(std::shared_ptr<item_queue> from,
                                               call_options options) {
  std::optional<T> got;
  if (from && from->take(got, options)) co_return got;
  request what;
  what.options = options;
  auto waiting = start<std::optional<T>, item_reader<T>>(target_or_none(from), std::move(what),
                                                         asio::use_awaitable_t<E>{});
  got = co_await std::move(waiting);
  co_return got;
}

}  // namespace detail

/// The items of something in a child, one after another: of a generator that a function returned,
/// of a container, of whatever is iterated.
/// \code
/// glovebox::item_range<int> items = co_await ctx.call<&numbers>(10);
/// while (std::optional<int> n = co_await items.next()) use(*n);
/// \endcode
///
/// Items are fetched in chunks, of up to 4096 items or 256 KiB, and sooner when they come slowly:
/// one is made for 2 ms at most, unless its first item takes longer. The first is smaller. While
/// one chunk is consumed the child makes the next, and then waits: there are never more than these
/// two, so whoever stops asking stops the producer. Nothing is made before the first `next`.
///
/// When the last copy of the range is gone, the child frees the producer: an endless one may be
/// abandoned. Copies share the position; they may be used and destroyed on any thread, one `next`
/// at a time.
template <class T>
class item_range {
 public:
  using value_type = T;

  /// Empty; `next` ends with `state_error`.
  item_range() = default;

  /// The next item, or nothing at the end. Items that came before an error are delivered first.
  /// Ends with what the producer throws, after which the range has ended; with `codec_error` when
  /// an item of a dynamic range is no T; with `process_terminated` when the child is gone;
  /// with `state_error` while another `next` has not ended; and with the errors of every call.
  ///
  /// A `next` that is cancelled, on any level, loses no items.
  template <class Token = asio::use_awaitable_t<>>
  [[nodiscard]] auto next(Token&& token = {}) const {
    using token_type = std::remove_cvref_t<Token>;
    if constexpr (detail::is_use_awaitable<token_type>::value) {
      return detail::next_item<T, typename detail::is_use_awaitable<token_type>::executor>(
          queue_, options_);
    } else {
      detail::request what;
      what.options = options_;
      return detail::start<std::optional<T>, detail::item_reader<T>>(
          detail::target_or_none(queue_), std::move(what), std::forward<Token>(token));
    }
  }

  /// The same range, with other options for what is fetched through the result: deadlines count for
  /// one chunk.
  item_range with(call_options options) const {
    item_range copy(*this);
    copy.options_ = options;
    return copy;
  }

  /// Whether there is a range at all.
  explicit operator bool() const noexcept { return queue_ != nullptr; }

  // ---- for the library
  /// Without waiting: false when there is nothing yet.
  bool take(std::optional<T>& to) const { return queue_ && queue_->take(to, options_); }
  static item_range adopt(std::shared_ptr<const detail::object_reference> stream,
                          detail::item_queue::chunk_reader read, bool dynamic) {
    item_range made;
    made.queue_ = std::make_shared<detail::item_queue>(std::move(stream), read, dynamic);
    return made;
  }

 private:
  std::shared_ptr<detail::item_queue> queue_;
  call_options options_;
};

namespace detail {

template <class T>
struct result_reader<item_range<T>> {
  static item_range<T> read(const answer& from) {
    decoder in(from.body, from.attachments, from.limits);
    in.finish();
    if (from.object == 0) in.fail("no object");
    return item_range<T>::adopt(std::make_shared<const object_reference>(from.from, from.object),
                                &read_item_chunk<T>, false);
  }
};

}  // namespace detail
}  // namespace glovebox
