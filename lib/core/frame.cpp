// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frame.hpp"

#include <glovebox/detail/fresh_memory.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace glovebox::core {
namespace {

// As operator new does it: the new_handler is what tells the parent why this child ends.
[[noreturn]] void run_out_of_memory() {
  if (const std::new_handler handler = std::get_new_handler()) handler();
  throw std::bad_alloc();
}

constexpr std::size_t attachment_entry = sizeof(std::uint64_t);
constexpr std::size_t most_descriptors = 253;  // the kernel's limit for one message

std::uint64_t entry(const std::byte* table, std::size_t index) noexcept {
  std::uint64_t value;
  std::memcpy(&value, table + index * attachment_entry, sizeof value);
  return value;
}

std::uint64_t size_in(std::uint64_t entry) noexcept {
  return entry == frame_header::size_of_descriptor ? 0 : entry;
}

}  // namespace

void fit(frame_header& header, std::size_t body, std::span<const attachment> attachments,
         const limits& bounds) {
  const std::uint64_t most = std::min<std::uint64_t>(bounds.message_bytes, UINT32_MAX);
  if (attachments.empty() && body <= most) {
    header.payload = static_cast<std::uint32_t>(body);
    header.descriptors = 0;
    header.attachments = 0;
    return;
  }
  std::uint64_t payload = body;
  std::size_t descriptors = 0;
  for (const attachment& each : attachments) {
    payload += each.bytes.size() + attachment_entry;
    descriptors += each.descriptor >= 0 ? 1 : 0;
  }
  if (payload > most)
    throw codec_error({}, "a message of " + std::to_string(payload) +
                              " bytes exceeds the limit of " + std::to_string(most) +
                              " (limits.message_bytes)");
  if (attachments.size() > bounds.attachments)
    throw codec_error({}, "more than " + std::to_string(bounds.attachments) +
                              " attachments in a message (limits.attachments)");
  if (descriptors > std::min<std::size_t>(bounds.descriptors, most_descriptors))
    throw codec_error({}, "more than " + std::to_string(bounds.descriptors) +
                              " file descriptors in a message (limits.descriptors)");
  header.payload = static_cast<std::uint32_t>(payload);
  header.descriptors = static_cast<std::uint8_t>(descriptors);
  header.attachments = static_cast<std::uint32_t>(attachments.size());
}

std::uint64_t table_entry(const attachment& of) noexcept {
  return of.descriptor >= 0 ? frame_header::size_of_descriptor : of.bytes.size();
}

frame_reader::frame_reader(const limits& bounds) : limits_(bounds) {}

std::span<std::byte> frame_reader::prepare() {
  // Nobody takes frames out of a broken stream, so what it holds would only fill the room.
  if (!violation_.empty()) {
    begin_ = end_ = wanted_ = 0;
    arrived_.clear();
  }
  const std::size_t held = end_ - begin_;
  std::size_t capacity = usual_capacity;
  // A large frame's buffer grows with what has arrived, not with what its header announces: a
  // hostile peer must send the bytes to make us spend the memory. It doubles when it is full, so
  // that all the copies together are no more than what arrived.
  if (wanted_ > capacity) capacity = std::min(wanted_, std::max(2 * held, 2 * usual_capacity));
  const bool too_small =
      capacity_ < capacity && (held == capacity_ || capacity_ < 2 * usual_capacity);
  if (held == 0 && wanted_ == 0) {
    begin_ = end_ = 0;
    if (capacity_ != usual_capacity) {
      buffer_.reset();
      made_ = 0;
    }
  }
  if (begin_ != 0) {
    if (held != 0) std::memmove(buffer_.get(), buffer_.get() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  if (!buffer_ || too_small) grow(capacity);
  // A little ahead of what arrives: nobody waits long for it, and a peer must send the bytes to
  // make us spend the memory.
  if (end_ >= made_ && made_ != capacity_) {
    constexpr std::size_t at_once = 1024 * 1024;
    made_ = std::min(capacity_, end_ + at_once);
    detail::about_to_fill(buffer_.get() + end_, made_ - end_);
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

void frame_reader::grow(std::size_t capacity) {
  void* const larger = std::realloc(buffer_.get(), capacity);
  if (!larger) run_out_of_memory();
  static_cast<void>(buffer_.release());
  buffer_.reset(static_cast<std::byte*>(larger));
  capacity_ = capacity;
}

memory_block frame_reader::detach() {
  const std::size_t held = end_ - begin_;
  const std::size_t capacity = std::max(usual_capacity, held);
  memory_block fresh(static_cast<std::byte*>(std::malloc(capacity)));
  if (!fresh) run_out_of_memory();
  if (held != 0) std::memcpy(fresh.get(), buffer_.get() + begin_, held);
  capacity_ = made_ = capacity;
  begin_ = 0;
  end_ = held;
  std::swap(buffer_, fresh);
  return fresh;
}

frame_reader::outcome frame_reader::broken(std::string_view why) noexcept {
  violation_ = why;
  return outcome::violation;
}

bool frame_reader::unannounced() const noexcept {
  if (arrived_.empty()) return false;
  if (begin_ == end_) return true;
  return arrived_.size() > (wanted_ != 0 ? announced_ : limits_.descriptors);
}

// Their number is that of the marked attachments, or 0: the sender could not pass them on.
bool frame_reader::take_descriptors(const std::byte* table, frame_view& out) {
  std::size_t marked = 0;
  for (std::size_t i = 0; i != out.header.attachments; ++i)
    if (entry(table, i) == frame_header::size_of_descriptor) ++marked;
  const std::size_t announced = out.header.descriptors;
  if (announced != 0 && announced != marked) {
    broken("another number of descriptors than the frame announces");
    return false;
  }
  if (marked != 0) out.descriptors.resize(out.header.attachments);
  if (announced == 0) return true;
  if (!arrived_.empty() && !arrived_.front()) {
    arrived_.erase(arrived_.begin());
    return true;
  }
  if (arrived_.size() < announced) {
    broken("a frame announces descriptors that did not come");
    return false;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i != out.header.attachments; ++i)
    if (entry(table, i) == frame_header::size_of_descriptor)
      out.descriptors[i] = std::move(arrived_[next++]);
  arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(next));
  return true;
}

// The body lies between the table of their sizes and themselves.
bool frame_reader::take_attachments(const std::byte* payload, frame_view& out) {
  const std::size_t count = out.header.attachments;
  const std::uint64_t rest = out.header.payload - count * attachment_entry;
  std::uint64_t attached = 0;
  for (std::size_t i = 0; i != count; ++i) {
    const std::uint64_t size = size_in(entry(payload, i));
    if (size > rest - attached) {
      broken("attachments larger than their payload");
      return false;
    }
    attached += size;
  }
  const std::byte* const body = payload + count * attachment_entry;
  const std::byte* piece = body + (rest - attached);
  out.body = {body, piece};
  for (std::size_t i = 0; i != count; ++i) {
    const auto size = static_cast<std::size_t>(size_in(entry(payload, i)));
    out.attachments.emplace_back(piece, size);
    piece += size;
  }
  return take_descriptors(payload, out);
}

frame_reader::outcome frame_reader::next(frame_view& out) {
  out.descriptors.clear();
  if (!violation_.empty()) return outcome::violation;
  const std::size_t held = end_ - begin_;
  if (held < frame_header::wire_size) return outcome::need_more;
  const std::byte* const start = buffer_.get() + begin_;
  frame_header& header = out.header;
  std::memcpy(&header, start, sizeof header);
  if (header.kind < frame_kind::ready || header.kind > frame_kind::misbehave)
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
  announced_ = header.descriptors;
  if (held < wanted_) return outcome::need_more;

  out.attachments.clear();
  const std::byte* const payload = start + frame_header::wire_size;
  if (header.attachments != 0) {
    if (!take_attachments(payload, out)) return outcome::violation;
  } else if (header.descriptors != 0) {
    return broken("another number of descriptors than the frame announces");
  } else {
    out.body = {payload, header.payload};
  }
  begin_ += wanted_;
  wanted_ = 0;
  return outcome::frame;
}

}  // namespace glovebox::core
