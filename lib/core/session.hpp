// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/frame.hpp"

#include <glovebox/op.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace glovebox::core {

/// What the session keeps of a call on its behalf: its owner derives from it.
struct pending_call {
  std::uint64_t id = 0;  ///< set by session::open

 protected:
  ~pending_call() = default;
};

/// The conversation over one channel: who may say what, which calls are open, what is sent first.
/// Sans-io, clockless and free of locks; the same class serves both ends. Bytes come in through
/// `reader()`, events go out through `next()`, frames leave through the sink.
///
/// Calls run in the child one after another in the order of their ids, which only grow; an id that
/// was withdrawn before it was sent leaves a gap.
class session {
 public:
  enum class role : std::uint8_t { parent, child };
  /// Calls sent and not answered; a fixed part of the recorder's skip bits, so that two open calls
  /// never share one.
  static constexpr std::uint64_t window = 32 * 1024;
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
    define,     ///< child
    call,       ///< child: a call or an operation
    release,    ///< child
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
  /// handed back by `close`.
  void open(pending_call& call);
  /// The oldest call that was not sent, or nullptr; also when the window is full.
  pending_call* unsent() const noexcept;
  /// Whether the child knows the function with this number.
  bool defined(std::uint32_t function) const noexcept {
    return function < defined_.size() && defined_[function];
  }
  void define(std::uint32_t function, const byte_buffer& definition);
  /// Sends the oldest unsent call; its function is defined.
  /// \throws codec_error when it exceeds the limits; the call stays unsent (withdraw it)
  void send(std::uint32_t function, body_encoding encoding, const byte_buffer& body,
            std::span<const attachment> attachments);
  /// The same for an operation on an object, or with no object at all: 0.
  void send(op operation, std::uint64_t object, const byte_buffer& body,
            std::span<const attachment> attachments);

  enum class withdrawal : std::uint8_t {
    unknown,    ///< not open (any more)
    unsent,     ///< removed, the child never hears of it
    abandoned,  ///< it was sent: its reply will be dropped
  };
  /// Ends the owner's interest in a call.
  withdrawal withdraw(std::uint64_t id);
  /// The owner of an open call; nullptr when it is not open (any more).
  pending_call* find(std::uint64_t id) const noexcept;

  /// Gives back references to an object in the child; sent with `flush_releases`.
  void release(std::uint64_t object, std::uint32_t count);
  void flush_releases();

  std::size_t open_calls() const noexcept { return open_; }
  /// Calls the child has not answered, those that nobody waits for included.
  std::size_t unanswered() const noexcept { return unanswered_; }
  /// No id above this one was sent. (It is itself one that was sent, or withdrawn before that.)
  std::uint64_t highest_sent() const noexcept { return next_unsent_ - 1; }
  /// The open calls in the order of their ids.
  std::vector<pending_call*> open_list() const;
  /// The same, and ends all of them.
  std::vector<pending_call*> close();

  // ---- outgoing, child

  void say_ready();
  void reply(std::uint64_t call, std::uint64_t object, const byte_buffer& body,
             std::span<const attachment> attachments,
             body_encoding encoding = body_encoding::binary);
  /// The texts of an exception are attachments when they are long.
  void reply_error(std::uint64_t call, const byte_buffer& body,
                   std::span<const attachment> attachments = {});
  void reply_skipped(std::uint64_t call);

 private:
  enum class slot_state : std::uint8_t { free, unsent, sent, abandoned };
  struct slot {
    pending_call* call = nullptr;
    slot_state state = slot_state::free;
  };

  slot& at(std::uint64_t id) noexcept { return slots_[id & (slots_.size() - 1)]; }
  const slot& at(std::uint64_t id) const noexcept { return slots_[id & (slots_.size() - 1)]; }
  bool known(std::uint64_t id) const noexcept { return id >= oldest_ && id < next_; }
  void grow();
  void free_slot(slot& which) noexcept;
  void skip_gaps() noexcept;
  void send_next(frame_header header, const byte_buffer& body,
                 std::span<const attachment> attachments);
  bool answer(event& out);
  bool parent_frame(event& out);
  bool child_frame(event& out);
  bool broken(event& out, std::string_view why);

  role role_;
  frame_sink& out_;
  frame_reader reader_;
  bool ready_ = false;

  // Ids [oldest_, next_) live in slots_, a ring indexed by id: no search, no node a call.
  std::vector<slot> slots_;
  std::uint64_t oldest_ = 1;
  std::uint64_t next_unsent_ = 1;  // the first id that was neither sent nor withdrawn
  std::uint64_t next_ = 1;
  std::size_t open_ = 0;
  std::size_t unanswered_ = 0;
  std::vector<bool> defined_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> releases_;
  std::uint64_t last_seen_call_ = 0;  // child: ids only grow
};

}  // namespace glovebox::core
