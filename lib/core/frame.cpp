// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frame.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace glovebox::core {
namespace {

static_assert(std::endian::native == std::endian::little,
              "both ends of a channel run on one machine, and it is a little endian one");

template <class T>
std::size_t put(std::byte* at, std::size_t offset, T value) noexcept {
  std::memcpy(at + offset, &value, sizeof value);
  return offset + sizeof value;
}

template <class T>
T get(const std::byte* from, std::size_t& offset) noexcept {
  T value;
  std::memcpy(&value, from + offset, sizeof value);
  offset += sizeof value;
  return value;
}

frame_header from_wire(const std::byte* from) noexcept {
  frame_header header;
  std::size_t at = 0;
  header.payload = get<std::uint32_t>(from, at);
  header.kind = static_cast<frame_kind>(get<std::uint8_t>(from, at));
  header.encoding = static_cast<body_encoding>(get<std::uint8_t>(from, at));
  header.descriptors = get<std::uint8_t>(from, at);
  header.reserved = get<std::uint8_t>(from, at);
  header.target = get<std::uint32_t>(from, at);
  header.attachments = get<std::uint32_t>(from, at);
  header.call = get<std::uint64_t>(from, at);
  header.object = get<std::uint64_t>(from, at);
  return header;
}

constexpr std::size_t attachment_entry = sizeof(std::uint64_t);

}  // namespace

std::array<std::byte, frame_header::wire_size> to_wire(const frame_header& header) noexcept {
  std::array<std::byte, frame_header::wire_size> wire;
  std::size_t at = put(wire.data(), 0, header.payload);
  at = put(wire.data(), at, header.kind);
  at = put(wire.data(), at, header.encoding);
  at = put(wire.data(), at, header.descriptors);
  at = put(wire.data(), at, header.reserved);
  at = put(wire.data(), at, header.target);
  at = put(wire.data(), at, header.attachments);
  at = put(wire.data(), at, header.call);
  put(wire.data(), at, header.object);
  return wire;
}

void fit(frame_header& header, std::size_t body, std::span<const attachment> attachments,
         const limits& bounds) {
  std::uint64_t payload = body;
  for (const attachment& each : attachments) payload += each.bytes.size() + attachment_entry;
  const std::uint64_t most = std::min<std::uint64_t>(bounds.message_bytes, UINT32_MAX);
  if (payload > most)
    throw codec_error({}, "a message of " + std::to_string(payload) +
                              " bytes exceeds the limit of " + std::to_string(most) +
                              " (limits.message_bytes)");
  if (attachments.size() > bounds.attachments)
    throw codec_error({}, "more than " + std::to_string(bounds.attachments) +
                              " attachments in a message (limits.attachments)");
  header.payload = static_cast<std::uint32_t>(payload);
  header.attachments = static_cast<std::uint32_t>(attachments.size());
}

frame_reader::frame_reader(const limits& bounds) : limits_(bounds) {}

std::span<std::byte> frame_reader::prepare() {
  // Nobody takes frames out of a broken stream, so what it holds would only fill the room.
  if (!violation_.empty()) begin_ = end_ = wanted_ = 0;
  const std::size_t held = end_ - begin_;
  std::size_t capacity = usual_capacity;
  // A large frame's buffer grows with what has arrived, not with what its header announces: a
  // hostile peer must send the bytes to make us spend the memory.
  if (wanted_ > capacity) capacity = std::min(wanted_, std::max(2 * held, 2 * usual_capacity));
  if (held == 0 && wanted_ == 0) {
    begin_ = end_ = 0;
    if (capacity_ != usual_capacity) buffer_.reset();
  }
  if (!buffer_ || capacity_ < capacity) {
    std::unique_ptr<std::byte[]> larger(new std::byte[capacity]);
    if (held != 0) std::memcpy(larger.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
  } else if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

std::unique_ptr<std::byte[]> frame_reader::detach() {
  const std::size_t held = end_ - begin_;
  const std::size_t capacity = std::max(usual_capacity, held);
  std::unique_ptr<std::byte[]> fresh(new std::byte[capacity]);
  if (held != 0) std::memcpy(fresh.get(), buffer_.get() + begin_, held);
  capacity_ = capacity;
  begin_ = 0;
  end_ = held;
  std::swap(buffer_, fresh);
  return fresh;
}

frame_reader::outcome frame_reader::broken(std::string_view why) noexcept {
  violation_ = why;
  return outcome::violation;
}

frame_reader::outcome frame_reader::next(frame_view& out) {
  if (!violation_.empty()) return outcome::violation;
  const std::size_t held = end_ - begin_;
  if (held < frame_header::wire_size) return outcome::need_more;
  const std::byte* const start = buffer_.get() + begin_;
  frame_header& header = out.header;
  header = from_wire(start);
  if (header.kind < frame_kind::ready || header.kind > frame_kind::callback_error)
    return broken("a frame of an unknown kind");
  if (header.encoding > body_encoding::json) return broken("a body in an unknown encoding");
  if (header.reserved != 0) return broken("a reserved header field is set");
  if (header.payload > limits_.message_bytes) return broken("a message above limits.message_bytes");
  if (header.attachments > limits_.attachments)
    return broken("more attachments than limits.attachments");
  if (header.descriptors > limits_.descriptors)
    return broken("more descriptors than limits.descriptors");
  const std::size_t table = header.attachments * attachment_entry;
  if (table > header.payload) return broken("a payload shorter than its attachment table");
  wanted_ = frame_header::wire_size + header.payload;
  if (held < wanted_) return outcome::need_more;

  out.attachments.clear();
  const std::byte* at = start + frame_header::wire_size;
  std::size_t rest = header.payload - table;
  std::uint64_t attached = 0;
  for (std::uint32_t i = 0; i != header.attachments; ++i) {
    std::size_t offset = i * attachment_entry;
    const auto size = get<std::uint64_t>(at, offset);
    if (size > rest - attached) return broken("attachments larger than their payload");
    attached += size;
  }
  const std::byte* const body = at + table;
  const std::byte* piece = body + (rest - attached);
  out.body = {body, piece};
  for (std::uint32_t i = 0; i != header.attachments; ++i) {
    std::size_t offset = i * attachment_entry;
    const auto size = static_cast<std::size_t>(get<std::uint64_t>(at, offset));
    out.attachments.emplace_back(piece, size);
    piece += size;
  }
  begin_ += wanted_;
  wanted_ = 0;
  return outcome::frame;
}

}  // namespace glovebox::core
