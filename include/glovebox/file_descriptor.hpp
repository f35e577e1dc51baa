// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <unistd.h>
#include <utility>

namespace glovebox {

/// Owns a file descriptor and closes it. As an argument or a result, also inside of containers and
/// described classes, it travels to the other process, which becomes the owner of a descriptor of
/// its own for the same open file (close-on-exec). Given to a call as an lvalue it is duplicated
/// when the call is made; an rvalue is taken over, and closed once the call has ended. An empty one
/// arrives empty. Not thread-safe.
class file_descriptor {
 public:
  file_descriptor() noexcept = default;
  /// Takes over `fd`; a negative number is none.
  explicit file_descriptor(int fd) noexcept : fd_(fd) {}
  file_descriptor(file_descriptor&& other) noexcept : fd_(other.release()) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~file_descriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor up without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes what it holds and takes `fd`, of which it must not be the owner already.
  void reset(int fd = -1) noexcept {
    // Not repeated on EINTR: Linux has freed the number by then, another thread may own it.
    if (const int old = std::exchange(fd_, fd); old >= 0) ::close(old);
  }

  /// Another descriptor for the same open file, close-on-exec; of an empty one an empty one.
  /// \throws std::system_error, for example when this process has no more descriptors left
  GLOVEBOX_API file_descriptor duplicate() const;

 private:
  int fd_ = -1;
};

}  // namespace glovebox
