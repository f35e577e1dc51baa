// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/frame.hpp"
#include "process/recorder.hpp"

#include <sys/uio.h>
#include <cstdint>
#include <span>

namespace glovebox::runtime {

/// The child's way out: frames are written into the recorder's ring, where they survive any death,
/// and sent from there, many at a time. Those with file descriptors are sent at once.
class reply_ring final : public core::frame_sink {
 public:
  reply_ring(process::recorder_page& page, int socket, const limits& bounds)
      : page_(page), socket_(socket), limits_(bounds) {}

  /// \throws also std::system_error, when the kernel does not pass its descriptors
  void put(core::frame_header header, const byte_buffer& body,
           std::span<const attachment> attachments) override;
  /// Whether a message of this size goes through the ring. A larger one is written straight to the
  /// socket, and is lost if the child dies meanwhile.
  static bool fits(std::uint64_t payload) noexcept {
    return payload + core::frame_header::wire_size <= process::recorder_page::ring_bytes;
  }
  bool empty() const noexcept { return sent_ == head_; }
  std::uint64_t end() const noexcept { return head_; }  ///< of the outgoing stream
  std::uint64_t unsent() const noexcept { return head_ - sent_; }
  /// For a copy of a child: another stream, in another recorder.
  void restart() noexcept { head_ = sent_ = from_ = 0; }
  /// Sends everything, waiting for the parent if need be. Ends the child when the parent is gone.
  void flush();

 private:
  void append(const void* data, std::size_t size);
  void send(std::span<iovec> pieces, std::span<const int> descriptors);
  void make_room(std::uint64_t size);

  process::recorder_page& page_;
  int socket_;
  limits limits_;
  std::uint64_t head_ = 0;  // offsets in the outgoing stream
  std::uint64_t sent_ = 0;
  std::uint64_t from_ = 0;
};

}  // namespace glovebox::runtime
