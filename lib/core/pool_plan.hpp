// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace glovebox::core {

/// Which child a pool's next call goes to, and when a child that died is started again. Sans-io
/// and clockless: the owner starts children, sends calls, and tells what became of them.
class pool_plan {
 public:
  using time = std::int64_t;  ///< [ns] of a clock that does not run backwards

  struct settings {
    std::size_t size = 1;
    std::size_t calls_per_child = 1;
    time first_pause = 0;
    time longest_pause = 0;
  };

  explicit pool_plan(const settings& chosen);

  std::size_t size() const noexcept { return places_.size(); }
  /// The place of the child with the least to do that can take another call.
  std::optional<std::size_t> choose() const noexcept;
  void given(std::size_t which) noexcept { ++places_[which].load; }
  void returned(std::size_t which) noexcept { --places_[which].load; }
  std::size_t load(std::size_t which) const noexcept { return places_[which].load; }

  /// A place whose child is missing and may be started now.
  std::optional<std::size_t> startable(time now) const noexcept;
  /// When the next missing child may be started; nothing when none is missing.
  std::optional<time> next_start() const noexcept;
  void started(std::size_t which) noexcept;
  /// The child has answered a call, so starting it works.
  void proved(std::size_t which) noexcept { places_[which].failures = 0; }
  /// The child is gone. One that was never ready makes the next start wait, longer each time.
  void gone(std::size_t which, bool was_ready, time now) noexcept;
  bool alive(std::size_t which) const noexcept { return places_[which].alive; }
  std::size_t living() const noexcept;

 private:
  struct place {
    bool alive = false;
    std::size_t load = 0;
    std::uint32_t failures = 0;  // starts that failed one after another
    time start_at = 0;
  };

  settings settings_;
  std::vector<place> places_;
};

}  // namespace glovebox::core
