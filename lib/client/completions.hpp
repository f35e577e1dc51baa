// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/callback_scope.hpp"

#include <glovebox/detail/operation.hpp>

#include <boost/container/small_vector.hpp>

#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace glovebox::client {

/// Operations that have their outcome and wait to be resumed once no lock is held.
class completions {
 public:
  completions() = default;
  completions(const completions&) = delete;
  completions& operator=(const completions&) = delete;
  ~completions() {
    if (!operations_.empty()) post_all();
  }

  void add(detail::operation& op) { operations_.push_back(&op); }
  void fail(detail::operation& op, std::exception_ptr why) {
    op.fail(std::move(why));
    operations_.push_back(&op);
  }
  bool empty() const noexcept { return operations_.empty(); }
  /// Something of the user's that is to be destroyed once no lock is held.
  void discard(std::shared_ptr<const void> what) { discarded_.push_back(std::move(what)); }

  /// Dispatches every handler. What a handler throws leaves this function, as from any other
  /// handler; the remaining ones are then posted, so that none is lost.
  /// \param more whether others follow the handler that runs
  void run(bool& more) {
    for (std::size_t next = 0; next != operations_.size();) {
      detail::operation& op = *operations_[next++];
      more = next != operations_.size();
      try {
        if (ended(op)) op.resume();
      } catch (...) {
        operations_.erase(operations_.begin(),
                          operations_.begin() + static_cast<std::ptrdiff_t>(next));
        post_all();
        throw;
      }
    }
    operations_.clear();
  }
  void run() {
    bool ignored = false;
    run(ignored);
  }
  /// The same, from within an initiation, where handlers must not run.
  void post_all() noexcept {
    for (detail::operation* op : operations_)
      if (ended(*op)) op->post();
    operations_.clear();
  }

 private:
  // While a callback of the call runs, the operation waits for it.
  static bool ended(detail::operation& op) noexcept {
    const auto& extras = op.request().extras;
    if (!extras || !extras->scope) return true;
    const std::shared_ptr<detail::callback_scope> scope = extras->scope;  // outlives the operation
    return scope->end(op);
  }

  boost::container::small_vector<detail::operation*, 4> operations_;  // mostly one
  std::vector<std::shared_ptr<const void>> discarded_;
};

}  // namespace glovebox::client
