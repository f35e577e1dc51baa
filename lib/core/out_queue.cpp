// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/out_queue.hpp"

#include <algorithm>
#include <cstring>

namespace glovebox::core {

// Room behind what was copied last. A segment under way may grow, since nobody points into it
// between two writes; an attachment closes the one before it. Not for ever: what was sent of a
// segment is freed with the last of it, and under load the queue may never be empty.
std::byte* out_queue::copied_room(std::size_t size, bool of_its_own) {
  const auto has_room = [](const segment& last) {
    return !last.copied.empty() && last.copied.size() < segment_bytes;
  };
  if (segments_.empty() || (bytes_ != 0 && (of_its_own || !has_room(segments_.back()))))
    segments_.emplace_back();
  std::byte* const room = segments_.back().copied.extend(size);
  bytes_ += size;
  return room;
}

void out_queue::put(frame_header header, const byte_buffer& body,
                    std::span<const attachment> attachments) {
  fit(header, body.size(), attachments, limits_);
  const std::size_t segments = segments_.size();
  const std::size_t tail = bytes_ == 0 ? 0 : segments_.back().copied.size();
  const std::size_t bytes = bytes_;
  try {
    append(header, body, attachments);
  } catch (...) {
    // No memory. Half a frame would break the stream for all that come after it.
    if (bytes == 0) {
      clear();
    } else {
      segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(segments), segments_.end());
      segments_.back().copied.truncate(tail);
      bytes_ = bytes;
    }
    throw;
  }
}

void out_queue::append(const frame_header& header, const byte_buffer& body,
                       std::span<const attachment> attachments) {
  const auto start = to_wire(header);
  std::byte* to =
      copied_room(start.size() + attachments.size() * sizeof(std::uint64_t) + body.size(),
                  header.descriptors != 0);
  to = std::copy(start.begin(), start.end(), to);
  for (const attachment& each : attachments) {
    const std::uint64_t size = table_entry(each);
    std::memcpy(to, &size, sizeof size);
    to += sizeof size;
  }
  std::memcpy(to, body.data(), body.size());
  if (header.descriptors != 0)
    for (const attachment& each : attachments)
      if (each.descriptor >= 0) segments_.back().descriptors.push_back(each);
  for (const attachment& each : attachments) {
    if (each.bytes.empty()) continue;
    if (each.bytes.size() <= copied_at_most) {
      std::memcpy(copied_room(each.bytes.size()), each.bytes.data(), each.bytes.size());
    } else {
      segments_.emplace_back().referenced = each;
      bytes_ += each.bytes.size();
    }
  }
}

std::span<const iovec> out_queue::gather(std::span<iovec> pieces) const {
  if (bytes_ == 0) return {};
  std::size_t used = 0;
  std::size_t skip = offset_;
  for (const segment& each : std::span(segments_).subspan(first_)) {
    if (used == pieces.size() || (used != 0 && !each.descriptors.empty())) break;
    const auto bytes = each.bytes().subspan(skip);
    skip = 0;
    pieces[used++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  return pieces.first(used);
}

std::span<const int> out_queue::descriptors(std::span<int> numbers) const {
  std::size_t used = 0;
  if (bytes_ != 0)
    for (const attachment& each : segments_[first_].descriptors) numbers[used++] = each.descriptor;
  return numbers.first(used);
}

void out_queue::lose_descriptors() noexcept {
  segment& first = segments_[first_];
  first.descriptors.clear();
  first.copied.data()[frame_header::descriptors_at] = std::byte{0};
}

void out_queue::consume(std::size_t sent) noexcept {
  if (sent == 0) return;
  bytes_ -= sent;
  if (bytes_ == 0) return clear();
  segments_[first_].descriptors.clear();
  offset_ += sent;
  while (offset_ >= segments_[first_].bytes().size()) {
    offset_ -= segments_[first_].bytes().size();
    segments_[first_++] = {};
  }
  // At least as many go as are moved for it.
  if (2 * first_ < segments_.size()) return;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void out_queue::clear() noexcept {
  if (segments_.size() == 1) {
    segments_[0].copied.clear();
    segments_[0].referenced = {};
    segments_[0].descriptors.clear();
  } else {
    segments_.clear();
  }
  first_ = offset_ = bytes_ = 0;
}

}  // namespace glovebox::core
