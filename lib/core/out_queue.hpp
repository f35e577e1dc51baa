// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/frame.hpp"

#include <sys/uio.h>
#include <cstddef>
#include <span>
#include <vector>

namespace glovebox::core {

/// Frames on their way to a socket: small pieces are copied together, large attachments are
/// referenced, so that one gathering write sends many frames without copying bulk data.
class out_queue final : public frame_sink {
 public:
  explicit out_queue(const limits& bounds = {}) : limits_(bounds) {}

  void put(frame_header header, const byte_buffer& body,
           std::span<const attachment> attachments) override;

  bool empty() const noexcept { return bytes_ == 0; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Fills `pieces` with what is to be sent next, and returns the part that it filled. It begins
  /// with the first byte of a frame that has descriptors, or has none of such a frame.
  std::span<const iovec> gather(std::span<iovec> pieces) const;
  /// The descriptors that must go with these pieces: at most 253, which `numbers` has room for.
  std::span<const int> descriptors(std::span<int> numbers) const;
  /// They cannot be sent: the frame goes without them, and its receiver is told so.
  void lose_descriptors() noexcept;
  /// Drops what was sent.
  void consume(std::size_t sent) noexcept;
  void clear() noexcept;

 private:
  static constexpr std::size_t copied_at_most = 16 * 1024;
  static constexpr std::size_t segment_bytes = 64 * 1024;  // then a new one is begun
  struct segment {
    byte_buffer copied;
    attachment referenced;
    std::vector<attachment> descriptors;  // they go with its first byte, that of a frame
    std::span<const std::byte> bytes() const noexcept {
      return copied.empty() ? referenced.bytes : copied.view();
    }
  };
  std::byte* copied_room(std::size_t size, bool of_its_own = false);
  void append(const frame_header& header, const byte_buffer& body,
              std::span<const attachment> attachments);

  limits limits_;
  // Those before `first_` are sent, and empty. A single one is kept when it is, for its memory.
  std::vector<segment> segments_;
  std::size_t first_ = 0;
  std::size_t offset_ = 0;  // sent bytes of the first segment
  std::size_t bytes_ = 0;
};

}  // namespace glovebox::core
