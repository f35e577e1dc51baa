// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace glovebox::farming {

/// What it is given runs one after another, in that order: on the thread that gives it when nothing
/// else runs, otherwise on the one that is at it. A strand does the same for handlers, at the price
/// of five allocations each.
///
/// Thread safety: all members may be called on any thread at any time, also by what runs.
class turns {
 public:
  /// \throws what `what` throws, after all others had their turn
  template <class F>
  void run(F&& what) {
    {
      const std::lock_guard held(lock_);
      if (busy_) {
        waiting_.emplace_back(std::forward<F>(what));
        return;
      }
      busy_ = true;
    }
    std::exception_ptr failed;
    const auto attempt = [&failed](auto& each) {
      try {
        each();
      } catch (...) {
        if (!failed) failed = std::current_exception();
      }
    };
    attempt(what);
    for (std::vector<std::function<void()>> next; take(next); next.clear())
      for (auto& each : next) attempt(each);
    if (failed) std::rethrow_exception(failed);
  }

 private:
  bool take(std::vector<std::function<void()>>& next) {
    const std::lock_guard held(lock_);
    next.swap(waiting_);
    return busy_ = !next.empty();
  }

  std::mutex lock_;
  bool busy_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace glovebox::farming
