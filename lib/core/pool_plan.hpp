// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace glovebox::core {

/// Which child a pool's next call goes to, when a child is replaced, and when one that died is
/// started again. Sans-io and clockless: the owner starts children, sends calls, and tells what
/// became of them.
class pool_plan {
 public:
  using time = std::int64_t;  ///< [ns] of a clock that does not run backwards

  struct settings {
    std::size_t size = 1;
    std::size_t calls_per_child = 1;
    time first_pause = 0;
    time longest_pause = 0;
    std::uint64_t calls_per_life = 0;  ///< then the child is replaced; 0: never
    std::uint32_t restart_budget = 0;  ///< children that may die in restart_window; 0: any number
    time restart_window = 0;
  };

  explicit pool_plan(const settings& chosen);

  std::size_t size() const noexcept { return places_.size(); }
  /// The place of the child with the least to do that can take another call.
  std::optional<std::size_t> choose() const noexcept;
  /// The place of a child that has nothing to do.
  std::optional<std::size_t> choose_idle() const noexcept;
  bool idle(std::size_t which) const noexcept { return usable(places_[which], 1); }
  void given(std::size_t which) noexcept;
  void returned(std::size_t which) noexcept { --places_[which].load; }
  /// Keeps calls away from an idle child until `released`.
  void reserve(std::size_t which) noexcept { places_[which].reserved = true; }
  void released(std::size_t which) noexcept { places_[which].reserved = false; }
  /// The child was reserved for somebody who has made so many calls himself.
  void took(std::size_t which, std::uint64_t calls) noexcept { places_[which].taken += calls; }
  /// Whether the child has had its calls and has nothing to do any more: it is to be replaced.
  bool worn_out(std::size_t which) const noexcept;
  std::size_t load(std::size_t which) const noexcept { return places_[which].load; }

  /// A place whose child is missing and may be started now.
  std::optional<std::size_t> startable(time now) const noexcept;
  /// When the next missing child may be started; nothing when none is missing.
  std::optional<time> next_start() const noexcept;
  void started(std::size_t which) noexcept;
  /// The child has answered a call, so starting it works.
  void proved(std::size_t which) noexcept { places_[which].failures = 0; }
  /// The child is gone. One that was never ready makes the next start wait, longer each time.
  void gone(std::size_t which, bool was_ready, time now);
  /// The child was ended on purpose; another one may be started at once.
  void retired(std::size_t which, time now) noexcept;
  bool alive(std::size_t which) const noexcept { return places_[which].alive; }
  std::size_t living() const noexcept { return living_; }

 private:
  struct place {
    bool alive = false;
    bool reserved = false;
    std::size_t load = 0;
    std::uint64_t taken = 0;     // calls of this child's
    std::uint32_t failures = 0;  // starts that failed one after another
    time start_at = 0;
  };

  bool usable(const place& one, std::size_t most) const noexcept;

  settings settings_;
  std::vector<place> places_;
  std::size_t living_ = 0;
  std::deque<time> deaths_;  // in the restart window
};

}  // namespace glovebox::core
