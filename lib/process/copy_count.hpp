// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace glovebox::process {

/// How many copies of children an application has ordered, in memory that it writes and its fork
/// server reads. A copy may be there before the server is told of it (adopt_request): while more
/// were ordered than announced, a process that nobody knows need not be an orphan. Movable. The
/// numbers can be used by several threads.
class copy_count {
 public:
  copy_count() = default;
  /// Application: `descriptor` receives the memfd for the server. \throws std::system_error
  static copy_count create(transport::unique_fd& descriptor);
  /// Server: its children will not have the memory. \throws std::system_error
  static copy_count attach(int descriptor);

  explicit operator bool() const noexcept { return word_ != nullptr; }
  /// Before the order is given, and when it was not given after all.
  void add() noexcept { word_->fetch_add(1, std::memory_order_seq_cst); }
  void take_back() noexcept { word_->fetch_sub(1, std::memory_order_seq_cst); }
  /// It may wrap around. 0 without memory.
  std::uint32_t value() const noexcept {
    return word_ ? word_->load(std::memory_order_seq_cst) : 0;
  }

 private:
  using word = std::atomic<std::uint32_t>;
  static_assert(word::is_always_lock_free);
  struct unmap {
    void operator()(word* at) const noexcept;
  };
  explicit copy_count(word* at) noexcept : word_(at) {}

  std::unique_ptr<word, unmap> word_;
};

}  // namespace glovebox::process
