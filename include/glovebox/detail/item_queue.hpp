// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/call_options.hpp>
#include <glovebox/detail/object_reference.hpp>
#include <glovebox/detail/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::detail {

/// Items that have arrived together.
struct item_chunk {
  virtual ~item_chunk() = default;
  std::size_t size = 0;
  std::size_t at = 0;  // of the next one to be given out
  bool ended = false;  // there are no more
};
template <class T>
struct item_chunk_of final : item_chunk {
  std::vector<T> items;
};

/// Parent: the items of something in a child. While one chunk is given out, the next one is
/// fetched; no more than these two exist, so who stops taking items stops the producer.
///
/// To wait for an item is an operation that is submitted to the queue. Thread-safe.
class GLOVEBOX_API item_queue final : public target {
 public:
  using chunk_reader = std::unique_ptr<item_chunk> (*)(const answer&);

  /// \param stream what makes the items: an iterator (`dynamic`) or an `item_stream`
  /// \param read reads a chunk of the items' type
  item_queue(std::shared_ptr<const object_reference> stream, chunk_reader read, bool dynamic);
  /// Gives up what is being fetched, and the producer.
  ~item_queue() override;

  /// Takes an item that has arrived already, or learns that there are no more. Throws what the
  /// producer threw. \returns false: it must be waited for
  template <class T>
  bool take(std::optional<T>& to, const call_options& options) {
    std::uint64_t fetch = 0;
    {
      const std::lock_guard lock(lock_);
      if (waiter_) refuse_second();
      const state now = advance();
      if (now == state::waiting) return false;
      if (now == state::item) to.emplace(pop<T>());
      fetch = next_fetch();
    }
    if (fetch != 0) start_fetch(fetch, options);
    return true;
  }
  /// For the operation that waits, when its item has come; nothing: the end has.
  template <class T>
  std::optional<T> taken() {
    if (!current_ || current_->at == current_->size) return std::nullopt;
    return std::optional<T>(pop<T>());
  }

  /// Where the items come from.
  const std::shared_ptr<target>& home() const noexcept { return home_; }

  void submit(operation& op) override;
  void cancel(std::uint64_t key, asio::cancellation_type type) override;
  void release(std::uint64_t) noexcept override {}
  const asio::any_io_executor& executor() const noexcept override { return home_->executor(); }
  std::string describe() const override { return home_->describe(); }
  const glovebox::limits& bounds() const noexcept override { return home_->bounds(); }

 private:
  class fetch_operation;
  enum class state { item, ended, waiting };

  [[noreturn]] static void refuse_second();
  state advance();
  bool settle(operation& op);
  template <class T>
  T pop() {
    auto& from = static_cast<item_chunk_of<T>&>(*current_);
    return T(std::move(from.items[from.at++]));
  }
  std::uint64_t next_fetch();
  void start_fetch(std::uint64_t key, const call_options& options);
  request fetch_request(std::uint64_t items, const call_options& options) const;
  void arrived(std::unique_ptr<item_chunk> chunk, std::exception_ptr error, bool initiating);
  void shut_down() noexcept;
  std::exception_ptr explained(std::exception_ptr error) const;

  const std::shared_ptr<target> home_;
  const chunk_reader read_;
  const bool dynamic_;

  std::mutex lock_;
  std::shared_ptr<const object_reference> stream_;  // null behind the last chunk
  std::unique_ptr<item_chunk> current_;
  std::unique_ptr<item_chunk> ahead_;
  std::exception_ptr error_;    // behind the items that are there
  bool exhausted_ = false;      // nothing is behind them
  std::uint64_t fetching_ = 0;  // its key
  std::uint64_t chunk_items_;   // of the next one
  operation* waiter_ = nullptr;
  std::shared_ptr<item_queue> waited_for_;  // itself, while there is a waiter
};

/// Hands the item that has come to the operation that waited for it.
template <class T>
struct item_reader {
  static std::optional<T> read(const answer& from) {
    return static_cast<item_queue&>(*from.from).template taken<T>();
  }
};

}  // namespace glovebox::detail
