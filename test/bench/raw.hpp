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

  /// Sends a message of a small call's size and waits for it [us].
  double ping(int times) const;
  /// Sends them in a window of so many, many at once [us each].
  double pipeline(int messages, int window) const;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  int fd_;
};

/// Keeps a process, and this thread, on one processor while it lives.
class on_one_processor {
 public:
  explicit on_one_processor(pid_t other);
  on_one_processor(const on_one_processor&) = delete;
  on_one_processor& operator=(const on_one_processor&) = delete;
  ~on_one_processor();

 private:
  pid_t other_;
};

}  // namespace bench
