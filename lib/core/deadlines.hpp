// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace glovebox::core {

/// When calls are due. Calls that are answered in time are not taken out, which would need a
/// search: they are dropped when their turn comes, or when they have become the greater part.
class deadlines {
 public:
  using time = std::int64_t;  ///< [ns] of any clock that does not run backwards

  void add(time at, std::uint64_t call) { heap_.emplace(at, call); }

  /// The earliest deadline of a call that `alive` knows; drops the others on the way.
  template <class Alive>
  const std::pair<time, std::uint64_t>* next(const Alive& alive) {
    while (!heap_.empty() && !alive(heap_.top().second)) heap_.pop();
    return heap_.empty() ? nullptr : &heap_.top();
  }
  void pop() { heap_.pop(); }

  /// Throws the dead out when there are many more entries than living calls.
  template <class Alive>
  void tidy(std::size_t living, const Alive& alive) {
    if (heap_.size() < 2 * living + 1024) return;
    queue kept;
    for (; !heap_.empty(); heap_.pop())
      if (alive(heap_.top().second)) kept.push(heap_.top());
    heap_ = std::move(kept);
  }
  std::size_t size() const noexcept { return heap_.size(); }

 private:
  using entry = std::pair<time, std::uint64_t>;
  using queue = std::priority_queue<entry, std::vector<entry>, std::greater<>>;
  queue heap_;
};

}  // namespace glovebox::core
