// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/callable.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace glovebox::detail {

class operation;

/// The callables of one call that are running. The call ends for its caller only once they have
/// ended, so what they refer to is still there: they are cancelled, and waited for. Thread-safe.
class callback_scope {
 public:
  /// A callback has arrived; `leave` ends it.
  void enter() noexcept {
    const std::lock_guard lock(lock_);
    ++running_;
  }
  /// From now on the run is cancelled when the call ends. False: it has ended.
  bool watch(const std::shared_ptr<callback_run>& run);
  /// \param over false: it was destroyed unfinished, with the execution context
  void leave(bool over) noexcept;
  /// The call has its outcome. True: nothing runs, and the caller goes on with it; false: the
  /// operation is posted when the last callback has ended.
  bool end(operation& op) noexcept;

 private:
  std::mutex lock_;
  std::vector<std::weak_ptr<callback_run>> runs_;
  std::size_t running_ = 0;
  operation* waiting_ = nullptr;
};

}  // namespace glovebox::detail
