// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/byte_buffer.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace glovebox {

void byte_buffer::grow(std::size_t count) {
  if (count > static_cast<std::size_t>(-1) / 2 - size_) throw std::bad_alloc();
  const std::size_t larger = std::max(size_ + count, 2 * capacity_);
  std::unique_ptr<std::byte[]> memory(new std::byte[larger]);
  std::memcpy(memory.get(), data(), size_);
  heap_ = std::move(memory);
  capacity_ = larger;
}

void byte_buffer::release() noexcept {
  heap_.reset();
  capacity_ = inline_bytes;
}

void byte_buffer::take(byte_buffer& other) noexcept {
  heap_ = std::move(other.heap_);
  capacity_ = std::exchange(other.capacity_, inline_bytes);
  size_ = std::exchange(other.size_, 0);
  if (!heap_) std::memcpy(inline_, other.inline_, size_);
}

}  // namespace glovebox
