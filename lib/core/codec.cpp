// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/codec/core.hpp>

#include <algorithm>

namespace glovebox {
namespace {

// A container of more elements than there are bytes has elements without any content; a few of
// those are allowed.
constexpr std::uint64_t most_empty_elements = 64 * 1024;

}  // namespace

namespace detail {

void codec_path::fail(const std::string& reason) const {
  std::vector<const path_scope*> scopes;
  for (const path_scope* at = top_; at; at = at->outer_) scopes.push_back(at);
  std::string path;
  for (auto at = scopes.rbegin(); at != scopes.rend(); ++at) {
    if ((*at)->name_) {
      if (!path.empty()) path += '.';
      path += (*at)->name_;
    }
    if ((*at)->has_index_) path += '[' + std::to_string((*at)->index_) + ']';
    // A path as deep as the limit is told by its two ends.
    constexpr std::size_t longest = 400;
    if (path.size() > longest) {
      path += "...";
      break;
    }
  }
  throw codec_error(path, reason);
}

void codec_path::too_deep() const {
  fail("nested deeper than " + std::to_string(limits_.depth) + " (limits.depth)");
}

}  // namespace detail

void encoder::long_count(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    *body_.extend(1) = static_cast<std::byte>(value | 0x80);
  *body_.extend(1) = static_cast<std::byte>(value);
}

void encoder::large_blob(std::span<const std::byte> bytes) {
  if (!room_for_attachment(bytes)) return;
  std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  const std::span<const std::byte> kept(copy.get(), bytes.size());
  attach(kept, std::move(copy));
}

void encoder::blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  if (bytes.size() < attachment_threshold)
    blob(bytes);
  else if (room_for_attachment(bytes))
    attach(bytes, std::move(owner));
}

// Bulk data beyond the number of attachments travels in the body, so that a container's length is
// bounded by the message's size alone. False when it was put there.
bool encoder::room_for_attachment(std::span<const std::byte> bytes) {
  if (bytes.size() > bounds().message_bytes)
    fail(std::to_string(bytes.size()) + " bytes exceed the largest message (limits.message_bytes)");
  if (attachments_.size() < bounds().attachments) return true;
  count(bytes.size() * 2);
  raw(bytes.data(), bytes.size());
  return false;
}

void encoder::attach(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  count(bytes.size() * 2 + 1);
  attachments_.push_back({std::move(owner), bytes});
}

void decoder::truncated() const { fail("the message ends too early"); }

void decoder::over_budget() const {
  fail("the value takes more memory than limits.decoded_bytes allows");
}

std::uint64_t decoder::long_count() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = number<std::uint8_t>();
    const std::uint64_t bits = byte & 0x7f;
    if (shift == 63 && bits > 1) fail("a length beyond 64 bits");
    value |= bits << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift != 0) fail("a length that is not in its shortest form");
      return value;
    }
  }
  fail("a length beyond 64 bits");
}

std::span<const std::byte> decoder::blob() {
  const std::uint64_t header = count();
  const std::uint64_t size = header / 2;
  if ((header & 1) == 0) {
    if (size > body_.size()) truncated();
    const auto bytes = body_.first(static_cast<std::size_t>(size));
    body_ = body_.subspan(bytes.size());
    return bytes;
  }
  if (next_ == attachments_.size()) fail("an attachment is missing");
  const auto bytes = attachments_[next_++];
  if (bytes.size() != size || size < attachment_threshold) fail("an attachment of another size");
  return bytes;
}

std::size_t decoder::elements() {
  const std::uint64_t size = count();
  if (size > body_.size() && size > most_empty_elements)
    fail("more elements than the message can hold");
  return static_cast<std::size_t>(size);
}

void decoder::finish() const {
  if (!body_.empty()) fail(std::to_string(body_.size()) + " bytes are left over");
  if (next_ != attachments_.size()) fail("attachments are left over");
}

}  // namespace glovebox
