// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/reply_ring.hpp"

#include "runtime/child.hpp"
#include "transport/socket.hpp"

#include <sys/uio.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace glovebox::runtime {
namespace {

constexpr std::uint64_t ring_bytes = process::recorder_page::ring_bytes;

iovec piece(const void* data, std::size_t size) {
  return {const_cast<void*>(data), size};
}

}  // namespace

void reply_ring::append(const void* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t at = head_ % ring_bytes;
  const std::size_t first = std::min<std::size_t>(size, ring_bytes - at);
  std::memcpy(page_.ring + at, data, first);
  if (first != size)
    std::memcpy(page_.ring, static_cast<const std::byte*>(data) + first, size - first);
  head_ += size;
}

// Bytes may be overwritten once the kernel has them; the parent is told before.
void reply_ring::make_room(std::uint64_t size) {
  if (head_ + size - from_ <= ring_bytes) return;
  if (head_ + size - sent_ > ring_bytes) flush();
  from_ = sent_;
  page_.ring_from.store(from_, std::memory_order_seq_cst);
}

void reply_ring::put(core::frame_header header, const byte_buffer& body,
                     std::span<const attachment> attachments) {
  core::fit(header, body.size(), attachments, limits_);
  const auto start = core::to_wire(header);
  if (header.descriptors == 0 && fits(header.payload)) {
    make_room(core::frame_header::wire_size + header.payload);
    append(start.data(), start.size());
    for (const attachment& each : attachments) {
      const std::uint64_t size = core::table_entry(each);
      append(&size, sizeof size);
    }
    append(body.data(), body.size());
    for (const attachment& each : attachments) append(each.bytes.data(), each.bytes.size());
    page_.ring_head.store(head_, std::memory_order_release);
    return;
  }
  flush();
  std::vector<std::uint64_t> sizes;
  for (const attachment& each : attachments) sizes.push_back(core::table_entry(each));
  std::vector<iovec> pieces{piece(start.data(), start.size()),
                            piece(sizes.data(), sizes.size() * sizeof(std::uint64_t)),
                            piece(body.data(), body.size())};
  std::vector<int> descriptors;
  for (const attachment& each : attachments) {
    pieces.push_back(piece(each.bytes.data(), each.bytes.size()));
    if (each.descriptor >= 0) descriptors.push_back(each.descriptor);
  }
  send(pieces, descriptors);
  head_ += start.size() + header.payload;
  from_ = sent_ = head_;
  page_.ring_from.store(from_, std::memory_order_seq_cst);
  page_.ring_head.store(head_, std::memory_order_release);
}

void reply_ring::flush() {
  while (sent_ != head_) {
    const std::size_t at = sent_ % ring_bytes;
    const std::size_t size = head_ - sent_;
    const std::size_t first = std::min<std::size_t>(size, ring_bytes - at);
    iovec pieces[] = {piece(page_.ring + at, first), piece(page_.ring, size - first)};
    const auto result =
        transport::send_some(socket_, std::span(pieces).first(first == size ? 1 : 2), {}, 0);
    if (result.error != 0) leave_child(page_);
    sent_ += result.bytes;
  }
}

void reply_ring::send(std::span<iovec> pieces, std::span<const int> descriptors) {
  constexpr std::size_t most_pieces = 1024;  // UIO_MAXIOV
  while (!pieces.empty()) {
    if (pieces.front().iov_len == 0) {
      pieces = pieces.subspan(1);
      continue;
    }
    auto result = transport::send_some(socket_, pieces.first(std::min(pieces.size(), most_pieces)),
                                       descriptors, 0);
    // Nothing was sent yet, so the stream is whole.
    if (!descriptors.empty() && result.error != 0 && result.error != EPIPE &&
        result.error != ECONNRESET)
      throw std::system_error(result.error, std::generic_category(),
                              "file descriptors cannot be passed to the parent");
    if (result.error != 0) leave_child(page_);
    descriptors = {};
    while (!pieces.empty() && result.bytes >= pieces.front().iov_len) {
      result.bytes -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (result.bytes != 0) {
      auto& rest = pieces.front();
      rest.iov_base = static_cast<std::byte*>(rest.iov_base) + result.bytes;
      rest.iov_len -= result.bytes;
    }
  }
}

}  // namespace glovebox::runtime
