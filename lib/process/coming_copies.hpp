// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/copy_count.hpp"
#include "transport/unique_fd.hpp"

#include <poll.h>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glovebox::process {

/// What a fork server knows of copies of children before they have said who they are. Until then
/// nobody can tell one from an orphan.
class coming_copies {
 public:
  struct copy {
    std::uint64_t child = 0;
    transport::unique_fd registration;  ///< where it says who it is
  };

  /// The application's count of those that it orders, see count_request; empty: lost on its way.
  void count_in(transport::unique_fd memory) noexcept;
  /// One of them is announced; no registration: it was lost on its way. \returns 0, or an `errno`:
  /// nobody could tell it from an orphan
  int expect(copy which);
  /// \returns whether it was expected; nobody wants it any more
  bool give_up(std::uint64_t child);
  copy take(std::size_t which);

  std::size_t expected() const noexcept { return expected_.size(); }
  /// Whether more were ordered than announced.
  bool were_ordered() const noexcept { return count_ && count_.value() != announced_; }
  /// Whether a process that nobody knows may be one.
  bool may_come() noexcept;

  /// Adds an entry for each that is expected, in their order.
  void watch(std::vector<pollfd>& in) const;

 private:
  int why_no_count() noexcept;

  transport::unique_fd memory_;  // of the count, while it could not be mapped
  copy_count count_;
  std::uint32_t announced_ = 0;
  std::vector<copy> expected_;
};

}  // namespace glovebox::process
