// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/item_queue.hpp>

#include "client/aborted.hpp"

#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/detail/item_stream.hpp>
#include <glovebox/failures.hpp>

#include <algorithm>

namespace glovebox::detail {
namespace {

// The first chunk is small: who wants a few items does not pay for many.
constexpr std::uint64_t first_items = 64;
constexpr std::uint64_t growth = 4;
constexpr std::uint64_t most_items = 4096;
constexpr std::uint64_t most_bytes = 256 * 1024;
// A chunk ends early when items come slowly, so that the first one is not held back for long.
constexpr std::uint32_t most_microseconds = 2000;

}  // namespace

/// A chunk on its way. It knows the queue only as long as that lives.
class item_queue::fetch_operation final : public operation {
 public:
  fetch_operation(std::weak_ptr<item_queue> queue, detail::request&& what, std::uint64_t key,
                  chunk_reader read)
      : operation(std::move(what), key), queue_(std::move(queue)), read_(read) {}

  void take(const answer& from) override { chunk_ = read_(from); }
  void resume() override { finish(false); }
  // There may be no execution context any more to post it to: whoever waits has one of its own.
  void post() override { finish(true); }
  void destroy() noexcept override {
    const std::shared_ptr<item_queue> queue = queue_.lock();
    delete this;
    if (queue) queue->shut_down();
  }

 private:
  ~fetch_operation() override = default;
  void finish(bool initiating) {
    const std::shared_ptr<item_queue> queue = queue_.lock();
    std::unique_ptr<item_chunk> chunk = std::move(chunk_);
    std::exception_ptr error = std::move(error_);
    delete this;
    if (queue) queue->arrived(std::move(chunk), std::move(error), initiating);
  }

  std::weak_ptr<item_queue> queue_;
  chunk_reader read_;
  std::unique_ptr<item_chunk> chunk_;
};

item_queue::item_queue(std::shared_ptr<const object_reference> stream, chunk_reader read,
                       bool dynamic)
    : home_(stream->home),
      read_(read),
      dynamic_(dynamic),
      stream_(std::move(stream)),
      chunk_items_(first_items) {}

item_queue::~item_queue() {
  if (fetching_ != 0) home_->cancel(fetching_, asio::cancellation_type::terminal);
}

void item_queue::refuse_second() {
  throw state_error("another next() of this range has not ended");
}

item_queue::state item_queue::advance() {
  while (!current_ || current_->at == current_->size) {
    current_ = std::move(ahead_);
    if (current_) continue;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return exhausted_ ? state::ended : state::waiting;
  }
  return state::item;
}

std::uint64_t item_queue::next_fetch() {
  if (exhausted_ || fetching_ != 0 || ahead_) return 0;
  return fetching_ = new_operation_key();
}

request item_queue::fetch_request(std::uint64_t items, const call_options& options) const {
  if (dynamic_)
    return make_operation_request(operation_target{op::next, home_, stream_->handle, {}, options},
                                  items, most_bytes, most_microseconds);
  request what;
  what.stub = &item_stream::reader();
  what.options = options;
  encoder out(what.body, what.attachments, home_->bounds());
  out.number(stream_->handle);
  out.number(items);
  out.number(most_bytes);
  out.number(most_microseconds);
  return what;
}

// Not under the lock: only who holds `fetching_` comes here.
void item_queue::start_fetch(std::uint64_t key, const call_options& options) {
  operation* fetch = nullptr;
  try {
    request what = fetch_request(chunk_items_, options);
    chunk_items_ = std::min(chunk_items_ * growth, most_items);
    fetch = new fetch_operation(std::static_pointer_cast<item_queue>(shared_from_this()),
                                std::move(what), key, read_);
  } catch (...) {
    return arrived(nullptr, std::current_exception(), true);
  }
  home_->submit(*fetch);
}

// Gives the operation what it waits for, if that is there. Under the lock.
bool item_queue::settle(operation& op) {
  try {
    if (advance() == state::waiting) return false;
    const std::shared_ptr<target> self = shared_from_this();
    op.take(answer{{}, {}, 0, home_->bounds(), self});
  } catch (...) {
    op.fail(std::current_exception());
  }
  return true;
}

void item_queue::submit(operation& op) {
  const call_options options = op.request().options;
  std::uint64_t fetch = 0;
  bool settled = true;
  {
    const std::lock_guard lock(lock_);
    if (waiter_) {
      try {
        refuse_second();
      } catch (...) {
        op.fail(std::current_exception());
      }
    } else if (!settle(op)) {
      settled = false;
      waiter_ = &op;
      waited_for_ = std::static_pointer_cast<item_queue>(shared_from_this());
    }
    fetch = next_fetch();
  }
  if (fetch != 0) start_fetch(fetch, options);
  if (settled) op.post();
}

// No item is lost: what is being fetched is for the next call. So every level can be supported.
void item_queue::cancel(std::uint64_t key, asio::cancellation_type type) {
  if (type == asio::cancellation_type::none) return;
  operation* cancelled = nullptr;
  std::shared_ptr<item_queue> self;
  {
    const std::lock_guard lock(lock_);
    if (!waiter_ || waiter_->key() != key) return;
    cancelled = std::exchange(waiter_, nullptr);
    self = std::move(waited_for_);
  }
  cancelled->fail(client::aborted());
  cancelled->post();
}

// A child that ended between two chunks is a child that ended, not a wrong use.
std::exception_ptr item_queue::explained(std::exception_ptr error) const {
  try {
    std::rethrow_exception(error);
  } catch (const state_error&) {
    const auto context = std::dynamic_pointer_cast<context_target>(home_);
    const std::optional<termination> ended = context ? context->ended() : std::nullopt;
    return ended ? std::make_exception_ptr(process_terminated(*ended)) : error;
  } catch (...) {
    return error;
  }
}

void item_queue::arrived(std::unique_ptr<item_chunk> chunk, std::exception_ptr error,
                         bool initiating) {
  if (error) error = explained(std::move(error));
  std::shared_ptr<item_queue> self;
  std::shared_ptr<const object_reference> released;
  operation* settled = nullptr;
  std::uint64_t fetch = 0;
  call_options options;
  {
    const std::lock_guard lock(lock_);
    fetching_ = 0;
    exhausted_ = error || chunk->ended;
    error_ = std::move(error);
    ahead_ = std::move(chunk);
    if (exhausted_) released = std::move(stream_);
    if (waiter_) {
      options = waiter_->request().options;
      if (settle(*waiter_)) {
        settled = std::exchange(waiter_, nullptr);
        self = std::move(waited_for_);
      }
      fetch = next_fetch();
    }
  }
  if (fetch != 0) start_fetch(fetch, options);
  if (!settled) return;
  if (initiating)
    settled->post();
  else
    settled->resume();
}

void item_queue::shut_down() noexcept {
  std::shared_ptr<item_queue> self;
  operation* waiter = nullptr;
  {
    const std::lock_guard lock(lock_);
    fetching_ = 0;
    waiter = std::exchange(waiter_, nullptr);
    self = std::move(waited_for_);
  }
  if (waiter) waiter->destroy();
}

}  // namespace glovebox::detail
