// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sched.h>
#include <cstddef>

namespace glovebox::process {

/// Until it is destroyed, this thread and what it forks keep off a processor, if there are others.
/// Whatever the application's event loop does next on its own would wait for the fork, even when
/// another is idle: the kernel moves those that wait only every few milliseconds. And a fork, or an
/// exec, is long for the kernel, which does nothing else on that processor meanwhile.
class kept_off {
 public:
  /// \param processor negative: none
  explicit kept_off(int processor) noexcept {
    if (processor < 0 || processor >= CPU_SETSIZE) return;
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t others = before_;
    CPU_CLR(static_cast<std::size_t>(processor), &others);
    changed_ = CPU_COUNT(&others) != 0 && ::sched_setaffinity(0, sizeof others, &others) == 0;
  }
  ~kept_off() {
    if (changed_) ::sched_setaffinity(0, sizeof before_, &before_);
  }
  kept_off(const kept_off&) = delete;
  kept_off& operator=(const kept_off&) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

}  // namespace glovebox::process
