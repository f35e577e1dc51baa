// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <vector>

namespace glovebox::backtrace {

/// What this process says to `fd` in place of its answer, when what it reads makes it crash, or
/// takes too long.
class last_words {
 public:
  explicit last_words(int fd);
  last_words(const last_words&) = delete;
  last_words& operator=(const last_words&) = delete;

  /// From now on these, instead of those before.
  void prepare(std::vector<std::byte> message);
  /// No more of them: the answer itself is about to be written.
  void withdraw();
};

/// All of it, unless nobody reads it any more.
void write_all(int fd, const std::byte* bytes, std::size_t size) noexcept;

}  // namespace glovebox::backtrace
