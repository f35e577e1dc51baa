// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstdint>

namespace glovebox::core {

/// When a context has its child copied by itself, what a crash undoes, and how often it goes back.
/// Sans-io; times are steady [ns].
class snapshot_plan {
 public:
  struct settings {
    std::uint32_t after = 1;  ///< calls that may change something; 0: none is made by itself
    std::uint32_t max_roll_backs = 8;  ///< in a row
  };

  explicit snapshot_plan(const settings& how) noexcept : how_(how), first_(how.after != 0) {}

  /// Whether a copy is to be ordered before anything else is sent.
  /// \param waiting whether a call is to be sent
  bool due(std::int64_t now, bool waiting) const noexcept {
    if (copying_ || how_.after == 0) return false;
    return (first_ && waiting) || (sent_ >= how_.after && (how_.after == 1 || now >= next_));
  }
  /// Whether calls have to wait for the copy that was ordered: nothing may be lost.
  bool holds() const noexcept { return copying_ && how_.after == 1; }

  void sent(bool changes) noexcept { sent_ += changes; }
  /// A call has ended in the child, with a result or an exception.
  void answered(bool changes) noexcept {
    unsaved_ += changes;
    roll_backs_ = 0;
  }

  void ordered(std::int64_t now) noexcept {
    copying_ = true;
    ordered_ = now;
    sent_ = 0;
  }
  /// All calls that were answered before are in the copy.
  void made(std::int64_t now) noexcept {
    constexpr std::int64_t share = 20;  // a twentieth of the time is spent on copies
    next_ = now + (now - ordered_) * (share - 1);
    copying_ = first_ = false;
    unsaved_ = 0;
  }
  /// The same, of a copy that somebody else has ordered.
  void made_by_hand() noexcept { unsaved_ = 0; }
  /// The child cannot be copied now: it is tried again after further calls.
  void refused(std::int64_t now) noexcept {
    constexpr std::int64_t pause = 100'000'000;
    next_ = now + pause;
    copying_ = first_ = false;
  }
  /// Calls that have ended, and that the last copy knows nothing of.
  std::uint64_t unsaved() const noexcept { return unsaved_; }
  /// Whether the context of a child that is gone may go back once more.
  bool may_go_back() const noexcept { return roll_backs_ < how_.max_roll_backs; }
  /// The plan of the next life, which is as the last copy is.
  /// \param asked_for whether its owner wanted it to go back
  snapshot_plan next(bool asked_for) const noexcept {
    snapshot_plan then(how_);
    then.first_ = false;
    then.roll_backs_ = asked_for ? 0 : roll_backs_ + 1;
    return then;
  }

 private:
  settings how_;
  bool first_;
  bool copying_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t unsaved_ = 0;
  std::uint32_t roll_backs_ = 0;
  std::int64_t ordered_ = 0;
  std::int64_t next_ = 0;
};

}  // namespace glovebox::core
