// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>
#include <glovebox/detail/request.hpp>
#include <glovebox/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace glovebox::detail {

class target;
struct callback_answer;

/// A child's answer, as bytes.
struct answer {
  std::span<const std::byte> body;
  std::span<const std::span<const std::byte>> attachments;
  std::uint64_t object = 0;  // handle of a result that stays in the child
  const glovebox::limits& limits;
  const std::shared_ptr<target>& from;          // the context that the object lives in
  std::span<file_descriptor> descriptors = {};  // by the index of their attachment
};

/// A started call: its request, and the handler that waits for it. Whoever holds one must end it
/// exactly once: `resume` after `take` or `fail`, or `destroy` when the execution context is shut
/// down.
class GLOVEBOX_API operation {
 public:
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  /// Decodes the result. \throws codec_error when the answer is not what the function returns
  virtual void take(const answer& from) = 0;
  /// Stores why there is no result.
  void fail(std::exception_ptr why) noexcept { error_ = std::move(why); }
  /// Dispatches the handler to its executor and ends the operation.
  virtual void resume() = 0;
  /// The same, but never inside this call.
  virtual void post() = 0;
  /// Ends the operation without its handler.
  virtual void destroy() noexcept = 0;

  detail::request& request() noexcept { return request_; }
  /// Names the operation for cancellation; 0 when its handler has no cancellation slot.
  std::uint64_t key() const noexcept { return key_; }

 protected:
  operation(detail::request&& what, std::uint64_t key) : request_(std::move(what)), key_(key) {}
  virtual ~operation();

  detail::request request_;
  std::exception_ptr error_;
  std::uint64_t key_;
};

/// What calls are made on: a context's or a pool's implementation. Thread-safe.
class GLOVEBOX_API target : public std::enable_shared_from_this<target> {
 public:
  virtual ~target();
  /// Takes the operation over. Its handler never runs inside this call.
  virtual void submit(operation& op) = 0;
  /// Cancels the operation with this key, if it is still there.
  virtual void cancel(std::uint64_t key, asio::cancellation_type type) = 0;
  /// Answers a callback of the child's; nothing happens when nobody waits for it any more.
  virtual void answer_callback(std::uint64_t number, callback_answer answer) noexcept;
  /// Gives back one reference to an object.
  virtual void release(std::uint64_t object) noexcept = 0;
  virtual const asio::any_io_executor& executor() const noexcept = 0;
  /// For messages: `context of child 1234`.
  virtual std::string describe() const = 0;
  virtual const glovebox::limits& bounds() const noexcept = 0;
};

/// A key no other operation of this process has.
GLOVEBOX_API std::uint64_t new_operation_key() noexcept;

/// Decodes what a call returned, for the parent's type of it.
template <class R>
struct result_reader {
  static R read(const answer& from) {
    decoder in(from.body, from.attachments, from.limits, from.descriptors);
    decoder::scope path(in, "result");
    R result = decode<R>(in);
    in.finish();
    return result;
  }
};

template <>
struct result_reader<void> {
  static void check(const answer& from) {
    if (!from.body.empty()) decoder(from.body, from.attachments, from.limits).finish();
  }
};

/// An operation that ends on an executor. Not in a template: what Asio makes of a function to be
/// run is much code, and the same for all handlers.
class GLOVEBOX_API dispatched_operation : public operation {
 public:
  /// Calls the handler, here and now, and ends the operation.
  virtual void run() = 0;

 protected:
  using operation::operation;

  /// Runs an operation when it is called, and destroys it when it never is.
  class completion {
   public:
    explicit completion(dispatched_operation& op) noexcept : op_(&op) {}
    completion(completion&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
    completion& operator=(completion&&) = delete;
    ~completion() {
      if (op_) op_->destroy();
    }
    void operator()() { std::exchange(op_, nullptr)->run(); }

   protected:
    dispatched_operation* op_;
  };

  void dispatch_to(const asio::any_io_executor& executor);
  void post_to(const asio::any_io_executor& executor);
};

#if defined(__SANITIZE_ADDRESS__)  // which is to see what is used after it was freed
using operation_allocator = std::allocator<void>;
#else
/// As Asio allocates its own operations, unless the handler brings an allocator: the call that a
/// handler makes has the memory of the one that it handles.
using operation_allocator = asio::recycling_allocator<void>;
#endif

/// Completes a handler of signature void(std::exception_ptr[, R]). `Delivered` is R, or
/// std::optional<R> where R has no empty state to pass along with an error. `Reader` reads an R out
/// of the child's answer.
template <class Handler, class R, class Delivered, class Reader>
class handler_operation final : public dispatched_operation {
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using work_type = std::decay_t<decltype(asio::prefer(std::declval<executor_type>(),
                                                       asio::execution::outstanding_work.tracked))>;
  using handlers_allocator = asio::associated_allocator_t<Handler>;
  static constexpr bool has_allocator = !std::is_same_v<handlers_allocator, std::allocator<void>>;
  using allocator_type = typename std::allocator_traits<
      std::conditional_t<has_allocator, handlers_allocator,
                         operation_allocator>>::template rebind_alloc<handler_operation>;
  static constexpr bool is_void = std::is_void_v<R>;
  // Nothing of the handler matters to how it is dispatched.
  static constexpr bool is_plain =
      !has_allocator && std::is_convertible_v<work_type, asio::any_io_executor>;
  struct nothing {};
  using result_type = std::conditional_t<is_void, nothing, R>;

 public:
  static handler_operation& create(Handler&& handler, detail::request&& what, std::uint64_t key,
                                   const asio::any_io_executor& fallback) {
    allocator_type allocator = allocator_of(handler);
    handler_operation* const memory = std::allocator_traits<allocator_type>::allocate(allocator, 1);
    try {
      return *new (memory) handler_operation(std::move(handler), std::move(what), key, fallback);
    } catch (...) {
      std::allocator_traits<allocator_type>::deallocate(allocator, memory, 1);
      throw;
    }
  }

  void take(const answer& from) override {
    if constexpr (!is_void)
      result_.emplace(Reader::read(from));
    else
      Reader::check(from);
  }

  void resume() override {
    work_type work(std::move(work_));
    if constexpr (is_plain)
      dispatch_to(std::move(work));
    else
      asio::dispatch(work, allocating_completion(*this));
  }

  void post() override {
    work_type work(std::move(work_));
    if constexpr (is_plain)
      post_to(std::move(work));
    else
      asio::post(work, allocating_completion(*this));
  }

  void run() override { release()(); }

  void destroy() noexcept override {
    Handler handler(std::move(handler_));
    free(handler);
  }

 private:
  handler_operation(Handler&& handler, detail::request&& what, std::uint64_t key,
                    const asio::any_io_executor& fallback)
      : dispatched_operation(std::move(what), key),
        handler_(std::move(handler)),
        work_(asio::prefer(asio::get_associated_executor(handler_, fallback),
                           asio::execution::outstanding_work.tracked)) {}
  ~handler_operation() override = default;

  // The handler with its arguments.
  struct completed {
    Handler handler;
    std::exception_ptr error;
    std::optional<result_type> result;

    void operator()() {
      if constexpr (is_void) {
        std::move(handler)(std::move(error));
      } else if constexpr (std::is_same_v<Delivered, R>) {
        if (result)
          std::move(handler)(std::move(error), std::move(*result));
        else
          std::move(handler)(std::move(error), R());
      } else {
        std::move(handler)(std::move(error), std::move(result));
      }
    }
  };

  // Frees the operation before the handler runs, so that the handler can reuse its memory.
  completed release() {
    completed done{std::move(handler_), std::move(error_), std::move(result_)};
    free(done.handler);
    return done;
  }

  struct allocating_completion : completion {
    using completion::completion;
    using allocator_type = asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept {
      return asio::get_associated_allocator(static_cast<handler_operation&>(*op_).handler_);
    }
  };

  static allocator_type allocator_of(const Handler& handler) noexcept {
    if constexpr (has_allocator)
      return allocator_type(asio::get_associated_allocator(handler));
    else
      return {};
  }

  void free(const Handler& handler) noexcept {
    allocator_type allocator = allocator_of(handler);
    this->~handler_operation();
    std::allocator_traits<allocator_type>::deallocate(allocator, this, 1);
  }

  Handler handler_;
  work_type work_;
  std::optional<result_type> result_;
};

/// Forwards a cancellation signal. It names the operation by its key: when the signal comes late,
/// nothing is found.
class GLOVEBOX_API canceller {
 public:
  canceller(std::weak_ptr<target> on, std::uint64_t key) : on_(std::move(on)), key_(key) {}
  void operator()(asio::cancellation_type type) const;

 private:
  std::weak_ptr<target> on_;
  std::uint64_t key_;
};

/// Makes an operation of a handler, and connects the handler's cancellation slot to it.
template <class R, class Delivered, class Reader = result_reader<R>, class Handler>
operation& make_operation(target& on, Handler&& handler, request&& what) {
  std::decay_t<Handler> own(std::forward<Handler>(handler));  // a token may be an lvalue
  std::uint64_t key = 0;
  auto slot = asio::get_associated_cancellation_slot(own);
  if (slot.is_connected()) {
    key = new_operation_key();
    slot.template emplace<canceller>(on.weak_from_this(), key);
  }
  return handler_operation<std::decay_t<Handler>, R, Delivered, Reader>::create(
      std::move(own), std::move(what), key, on.executor());
}

/// An operation that waits for something else than a call's result.
template <class Handler>
operation& make_waiter(target& on, Handler&& handler) {
  return make_operation<void, void>(on, std::forward<Handler>(handler), request{});
}

template <class R, class Delivered, class Reader = result_reader<R>>
struct initiate_call {
  std::shared_ptr<target> on;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler, detail::request&& what) const {
    on->submit(
        make_operation<R, Delivered, Reader>(*on, std::forward<Handler>(handler), std::move(what)));
  }
  /// Of a deferred operation, which may be started once more.
  template <class Handler>
  void operator()(Handler&& handler, const detail::request& what) const {
    (*this)(std::forward<Handler>(handler), detail::request(what));
  }
};

}  // namespace glovebox::detail
