// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/out_queue.hpp"

#include <utility>

namespace glovebox::core {

void out_queue::copy(const void* data, std::size_t size) {
  if (size == 0) return;
  // An attachment closes the segment before it; a segment under way may grow, nobody points into it
  // between two writes. Not for ever: what was sent of a segment is freed with the last of it, and
  // under load the queue may never be empty.
  if (std::exchange(begin_segment_, false) || segments_.empty() ||
      segments_.back().copied.empty() || segments_.back().copied.size() >= segment_bytes) {
    segments_.emplace_back();
    segments_.back().copied = std::exchange(spare_, {});
  }
  const auto* const from = static_cast<const std::byte*>(data);
  segments_.back().copied.insert(segments_.back().copied.end(), from, from + size);
  bytes_ += size;
}

void out_queue::put(frame_header header, const byte_buffer& body,
                    std::span<const attachment> attachments) {
  fit(header, body.size(), attachments, limits_);
  const std::size_t segments = segments_.size();
  const std::size_t tail = segments == 0 ? 0 : segments_.back().copied.size();
  const std::size_t bytes = bytes_;
  try {
    append(header, body, attachments);
  } catch (...) {
    // No memory. Half a frame would break the stream for all that come after it.
    segments_.resize(segments);
    if (segments != 0) segments_.back().copied.resize(tail);
    bytes_ = bytes;
    begin_segment_ = false;
    throw;
  }
}

void out_queue::append(const frame_header& header, const byte_buffer& body,
                       std::span<const attachment> attachments) {
  const auto start = to_wire(header);
  begin_segment_ = header.descriptors != 0;
  copy(start.data(), start.size());
  if (header.descriptors != 0)
    for (const attachment& each : attachments)
      if (each.descriptor >= 0) segments_.back().descriptors.push_back(each);
  for (const attachment& each : attachments) {
    const std::uint64_t size = table_entry(each);
    copy(&size, sizeof size);
  }
  copy(body.data(), body.size());
  for (const attachment& each : attachments) {
    if (each.bytes.size() <= copied_at_most) {
      copy(each.bytes.data(), each.bytes.size());
    } else {
      segments_.emplace_back();
      segments_.back().referenced = each;
      bytes_ += each.bytes.size();
    }
  }
}

std::span<const iovec> out_queue::gather(std::span<iovec> pieces) const {
  std::size_t used = 0;
  std::size_t skip = offset_;
  for (const segment& each : segments_) {
    if (used == pieces.size() || (used != 0 && !each.descriptors.empty())) break;
    const auto bytes = each.bytes().subspan(skip);
    skip = 0;
    pieces[used++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  return pieces.first(used);
}

std::span<const int> out_queue::descriptors(std::span<int> numbers) const {
  std::size_t used = 0;
  if (!segments_.empty())
    for (const attachment& each : segments_.front().descriptors) numbers[used++] = each.descriptor;
  return numbers.first(used);
}

void out_queue::lose_descriptors() noexcept {
  segment& first = segments_.front();
  first.descriptors.clear();
  first.copied[frame_header::descriptors_at] = std::byte{0};
}

void out_queue::consume(std::size_t sent) noexcept {
  if (sent == 0) return;
  segments_.front().descriptors.clear();
  bytes_ -= sent;
  offset_ += sent;
  while (!segments_.empty() && offset_ >= segments_.front().bytes().size()) {
    segment& first = segments_.front();
    offset_ -= first.bytes().size();
    if (first.copied.capacity() > spare_.capacity() && first.copied.capacity() <= 1024 * 1024) {
      first.copied.clear();
      spare_ = std::move(first.copied);
    }
    segments_.pop_front();
  }
}

void out_queue::clear() noexcept {
  segments_.clear();
  offset_ = bytes_ = 0;
}

}  // namespace glovebox::core
