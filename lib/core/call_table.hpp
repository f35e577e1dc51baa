// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glovebox::core {

/// What the session keeps of a call on its behalf: its owner derives from it.
struct pending_call {
  std::uint64_t id = 0;  ///< set by session::open
  /// The child was asked not to start it, and may do so although it was seen to: both sides look
  /// after they have said their word. Cleared by session::open.
  bool may_be_skipped = false;

 protected:
  ~pending_call() = default;
};

/// The calls of a parent that are open, in the order of their ids, which only grow. An id that was
/// withdrawn before it was sent leaves a gap.
class call_table {
 public:
  /// Calls sent and not answered; a fixed part of the recorder's skip bits, so that two open calls
  /// never share one.
  static constexpr std::uint64_t window = 32 * 1024;

  /// \param base the ids begin behind it
  explicit call_table(std::uint64_t base = 0) noexcept
      : oldest_(base + 1), next_unsent_(base + 1), next_(base + 1) {}

  void open(pending_call& call) {
    if (next_ - oldest_ > mask_ || slots_.empty()) grow();
    call.id = next_++;
    call.may_be_skipped = false;
    at(call.id) = {&call, state::unsent};
    ++open_;
  }
  /// The oldest call that was not sent, or nullptr; also when the window is full.
  pending_call* unsent() const noexcept {
    if (next_unsent_ == next_ || next_unsent_ - oldest_ >= window) return nullptr;
    return at(next_unsent_).call;
  }
  /// The oldest unsent call was sent.
  void mark_sent() noexcept {
    assert(next_unsent_ != next_);
    at(next_unsent_).now = state::sent;
    ++unanswered_;
    ++next_unsent_;
    skip_gaps();
  }

  enum class withdrawal : std::uint8_t {
    unknown,    ///< not open (any more)
    unsent,     ///< removed, the child never hears of it
    abandoned,  ///< it was sent: its reply will be dropped
  };
  /// Ends the owner's interest in a call.
  withdrawal withdraw(std::uint64_t id);

  enum class state : std::uint8_t { free, unsent, sent, abandoned };
  state state_of(std::uint64_t id) const noexcept { return known(id) ? at(id).now : state::free; }
  /// The owner of an open call; nullptr when it is not open (any more).
  pending_call* find(std::uint64_t id) const noexcept { return known(id) ? at(id).call : nullptr; }
  /// The child has answered a call that was sent.
  void answered(std::uint64_t id) noexcept {
    slot& which = at(id);
    if (which.now == state::sent) --open_;
    --unanswered_;
    which = {};
    pass_answered();
  }

  std::size_t open_calls() const noexcept { return open_; }
  /// Calls the child has not answered, those that nobody waits for included.
  std::size_t unanswered() const noexcept { return unanswered_; }
  /// The id that was given last.
  std::uint64_t last() const noexcept { return next_ - 1; }
  /// No id above this one was sent. (It is itself one that was sent, or withdrawn before that.)
  std::uint64_t highest_sent() const noexcept { return next_unsent_ - 1; }
  void append_open(std::vector<pending_call*>& to) const;
  /// Ends all of them.
  void close() noexcept;

 private:
  struct slot {
    pending_call* call = nullptr;
    state now = state::free;
  };

  slot& at(std::uint64_t id) noexcept { return slots_[id & mask_]; }
  const slot& at(std::uint64_t id) const noexcept { return slots_[id & mask_]; }
  bool known(std::uint64_t id) const noexcept { return id >= oldest_ && id < next_; }
  void grow();
  // Ids that were withdrawn before they were sent are passed over.
  void skip_gaps() noexcept {
    while (next_unsent_ != next_ && at(next_unsent_).now == state::free) ++next_unsent_;
    pass_answered();
  }
  void pass_answered() noexcept {
    while (oldest_ != next_unsent_ && at(oldest_).now == state::free) ++oldest_;
  }

  // Ids [oldest_, next_) live in slots_, a ring indexed by id: no search, no node a call.
  std::vector<slot> slots_;
  std::uint64_t mask_ = 0;
  std::uint64_t oldest_;
  std::uint64_t next_unsent_;  // the first id that was neither sent nor withdrawn
  std::uint64_t next_;
  std::size_t open_ = 0;
  std::size_t unanswered_ = 0;
};

}  // namespace glovebox::core
