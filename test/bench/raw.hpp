// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>

namespace bench {

/// A forked child that sends back what it reads: as fast as a socket can be.
class echo {
 public:
  echo();
  echo(const echo&) = delete;
  echo& operator=(const echo&) = delete;
  ~echo();

  /// Sends a message of a small call's size and waits for it [us]: the median.
  double ping(int times) const;
  /// Sends them in a window of so many, many at once [us each].
  double pipeline(int messages, int window) const;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  int fd_;
};

/// Where a process and this thread run.
enum class placement { apart, together };

/// Keeps them on a processor each, or both on one, while it lives: left alone, the kernel puts them
/// now so, now so, and the figures of a minute have little to do with those of the next. With one
/// processor only, both are there.
class placed {
 public:
  placed(placement how, pid_t other);
  placed(const placed&) = delete;
  placed& operator=(const placed&) = delete;
  ~placed();

 private:
  pid_t other_;
};

}  // namespace bench
