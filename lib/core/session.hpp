// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/call_table.hpp"
#include "core/frame.hpp"

#include <glovebox/op.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace glovebox::core {

/// The conversation over one channel: who may say what, which calls are open, what is sent first.
/// Sans-io, clockless and free of locks; the same class serves both ends. Bytes come in through
/// `reader()`, events go out through `next()`, frames leave through the sink.
///
/// Calls run in the child one after another in the order of their ids. While a function in the
/// child waits for the parent, in a callback, nested calls run: they have ids of their own, which
/// begin at `nested_bit`, and go before the others.
class session {
 public:
  enum class role : std::uint8_t { parent, child };
  static constexpr std::uint64_t window = call_table::window;
  static constexpr std::uint64_t nested_bit = std::uint64_t{1} << 63;
  static constexpr bool is_nested(std::uint64_t id) noexcept { return (id & nested_bit) != 0; }
  /// Functions that a parent may define in one child.
  static constexpr std::uint32_t max_definitions = 1u << 20;

  session(role side, frame_sink& out, const limits& bounds = {});

  // ---- incoming

  frame_reader& reader() noexcept { return reader_; }

  enum class event_kind : std::uint8_t {
    none,       ///< nothing until more bytes arrive
    violation,  ///< the peer broke the protocol: `why`; the session is over
    ready,      ///< parent: the child is ready
    reply,      ///< parent: `call` is answered by `frame`
    error,      ///< parent: `call` ended with the exception in `frame`
    skipped,    ///< parent: `call`, which may be, was not started
    late,       ///< parent: a call that was withdrawn has ended
    callback,   ///< parent: the child calls back; `call` is null when nobody waits for it any more
    let_go,     ///< parent: the child has let a kept callable go
    define,     ///< child
    call,       ///< child: a call or an operation
    release,    ///< child
    returned,   ///< child: a callback has returned, or thrown
    misbehave,  ///< child: a call that follows is to go wrong
  };
  struct event {
    event_kind kind = event_kind::none;
    frame_view frame;
    pending_call* call = nullptr;
    std::string_view why;
  };
  /// The next event, out of the bytes read so far.
  void next(event& out);

  // ---- outgoing, parent

  /// Takes a call in; it is not sent yet. `call` must live until it is answered, withdrawn or
  /// handed back by `close`. A nested one runs while the child waits in a callback.
  void open(pending_call& call, bool nested = false) { (nested ? nested_ : calls_).open(call); }
  /// The next call to be sent, or nullptr; also when the window is full.
  pending_call* unsent() const noexcept {
    pending_call* const nested = nested_.unsent();
    return nested ? nested : calls_.unsent();
  }
  /// Whether the child knows the function with this number.
  bool defined(std::uint32_t function) const noexcept {
    return function < defined_.size() && defined_[function];
  }
  void define(std::uint32_t function, const byte_buffer& definition);
  /// Has the child do with a call, not sent yet, what testing::fault says. \param time [ns]
  void misbehave(std::uint64_t call, std::uint32_t fault, std::uint64_t time);
  const std::vector<bool>& definitions() const noexcept { return defined_; }
  /// For a copy of a child: what its original knew when it was made.
  void know(const std::vector<bool>& definitions);
  /// Sends the next unsent call; its function is defined.
  /// \throws codec_error when it exceeds the limits; the call stays unsent (withdraw it)
  void send(std::uint32_t function, body_encoding encoding, const byte_buffer& body,
            std::span<const attachment> attachments);
  /// The same for an operation on an object, or with no object at all: 0.
  void send(op operation, std::uint64_t object, const byte_buffer& body,
            std::span<const attachment> attachments);

  using withdrawal = call_table::withdrawal;
  /// Ends the owner's interest in a call.
  withdrawal withdraw(std::uint64_t id) { return table(id).withdraw(id); }
  /// The owner of an open call; nullptr when it is not open (any more).
  pending_call* find(std::uint64_t id) const noexcept { return table(id).find(id); }
  /// Whether an open call was sent.
  bool sent(std::uint64_t id) const noexcept { return id <= table(id).highest_sent(); }

  /// Gives back references to an object in the child; sent with `flush_releases`.
  void release(std::uint64_t object, std::uint32_t count);
  void flush_releases() {
    if (!releases_.empty()) send_releases();
  }

  /// Callbacks of the child's that were not answered.
  std::size_t open_callbacks() const noexcept { return callbacks_.size(); }
  /// Answers a callback by its number; nothing happens when it is not open (any more).
  void callback_reply(std::uint64_t callback, body_encoding encoding, const byte_buffer& body,
                      std::span<const attachment> attachments);
  void callback_error(std::uint64_t callback, const byte_buffer& body,
                      std::span<const attachment> attachments = {});

  std::size_t open_calls() const noexcept { return calls_.open_calls() + nested_.open_calls(); }
  /// Calls the child has not answered, those that nobody waits for included.
  std::size_t unanswered() const noexcept { return calls_.unanswered() + nested_.unanswered(); }
  /// No id above this one was sent. (It is itself one that was sent, or withdrawn before that.)
  std::uint64_t highest_sent() const noexcept { return calls_.highest_sent(); }
  std::uint64_t highest_nested_sent() const noexcept { return nested_.highest_sent(); }
  /// The ids that were given last.
  std::uint64_t last_call() const noexcept { return calls_.last(); }
  std::uint64_t last_nested() const noexcept { return nested_.last(); }
  /// The ids of the calls to come are greater than these. Before the first one.
  void begin_after(std::uint64_t call, std::uint64_t nested) {
    calls_ = call_table(call);
    nested_ = call_table(nested);
  }
  /// The open calls in the order of their ids.
  std::vector<pending_call*> open_list() const;
  /// The same, and ends all of them.
  std::vector<pending_call*> close();

  // ---- outgoing, child

  void say_ready();
  /// For a copy of a child, which talks to its parent on a channel of its own: forgets what is left
  /// of the conversation that it comes from.
  void restart();
  /// `taken`: how many of the call's callables the function was given.
  void reply(std::uint64_t call, std::uint64_t object, const byte_buffer& body,
             std::span<const attachment> attachments,
             body_encoding encoding = body_encoding::binary, std::uint32_t taken = 0);
  /// The texts of an exception are attachments when they are long.
  void reply_error(std::uint64_t call, const byte_buffer& body,
                   std::span<const attachment> attachments = {}, std::uint32_t taken = 0);
  void reply_skipped(std::uint64_t call);
  /// Calls back: the callable with this index of the call's. Returns the callback's number.
  std::uint64_t call_back(std::uint64_t call, std::uint32_t callable, body_encoding encoding,
                          const byte_buffer& body, std::span<const attachment> attachments);
  void let_go(std::uint64_t call, std::uint32_t callable);

 private:
  call_table& table(std::uint64_t id) noexcept { return is_nested(id) ? nested_ : calls_; }
  const call_table& table(std::uint64_t id) const noexcept {
    return is_nested(id) ? nested_ : calls_;
  }
  void send_releases();
  void send_next(frame_header header, const byte_buffer& body,
                 std::span<const attachment> attachments);
  bool answer(event& out);
  bool called_back(event& out);
  bool close_callback(std::uint64_t callback) noexcept;
  bool parent_frame(event& out);
  bool child_frame(event& out);
  bool broken(event& out, std::string_view why);

  limits limits_;
  role role_;
  frame_sink& out_;
  frame_reader reader_;
  bool ready_ = false;

  call_table calls_;
  call_table nested_{nested_bit};
  std::uint32_t most_callbacks_;
  std::vector<std::uint64_t> callbacks_;  // parent: the numbers of those that are open
  std::uint64_t last_callback_ = 0;       // on either side: they only grow
  std::vector<bool> defined_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> releases_;
  std::uint64_t last_seen_call_ = 0;  // child: ids only grow
  std::uint64_t last_seen_nested_ = nested_bit;
};

}  // namespace glovebox::core
