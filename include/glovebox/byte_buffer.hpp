// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace glovebox {

/// Bytes that grow at their end. Short contents live inside the object, so that encoding a small
/// call allocates nothing; growth leaves the new bytes uninitialised. Not thread-safe.
class GLOVEBOX_API byte_buffer {
 public:
  static constexpr std::size_t inline_bytes = 128;
  /// `clear` gives a larger memory back [bytes].
  static constexpr std::size_t most_kept = 1024 * 1024;

  byte_buffer() noexcept {}  // not defaulted: `byte_buffer{}` would clear the inline bytes
  byte_buffer(const byte_buffer& other) { append(other.data(), other.size()); }
  byte_buffer(byte_buffer&& other) noexcept { take(other); }
  byte_buffer& operator=(const byte_buffer& other) {
    if (this != &other) {
      clear();
      append(other.data(), other.size());
    }
    return *this;
  }
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~byte_buffer() = default;

  std::byte* data() noexcept { return heap_ ? heap_.get() : inline_; }
  const std::byte* data() const noexcept { return heap_ ? heap_.get() : inline_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> view() const noexcept { return {data(), size_}; }
  /// Keeps the memory for the next contents, unless there is a lot of it.
  void clear() noexcept {
    size_ = 0;
    if (capacity_ > most_kept) release();
  }

  /// Forgets what stands behind the first `size` bytes, which must be there.
  void truncate(std::size_t size) noexcept { size_ = size; }

  /// Adds `count` bytes whose values are not set, and returns where they begin.
  /// \throws std::bad_alloc
  std::byte* extend(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    std::byte* const start = data() + size_;
    size_ += count;
    return start;
  }
  /// \param bytes may be null when `count` is 0
  void append(const void* bytes, std::size_t count) {
    if (count != 0) std::memcpy(extend(count), bytes, count);
  }

 private:
  void grow(std::size_t count);
  void release() noexcept;
  void take(byte_buffer& other) noexcept;

  std::size_t size_ = 0;
  std::size_t capacity_ = inline_bytes;
  std::unique_ptr<std::byte[]> heap_;
  std::byte inline_[inline_bytes];
};

}  // namespace glovebox
