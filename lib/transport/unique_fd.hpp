// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <unistd.h>
#include <utility>

namespace glovebox::transport {

/// Owns a file descriptor and closes it.
class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes what it holds and takes `fd`, of which it must not be the owner already.
  void reset(int fd = -1) noexcept {
    // Not repeated on EINTR: Linux has freed the number by then, another thread may own it.
    if (const int old = std::exchange(fd_, fd); old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace glovebox::transport
