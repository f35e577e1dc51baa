// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/codec/core.hpp>
#include <glovebox/codec/strings.hpp>
#include <glovebox/codec/vocabulary.hpp>

#include "core/known_category.hpp"

#include <algorithm>
#include <string_view>

namespace glovebox {
namespace {

// Room that is made for announced elements, in bytes for each byte of the message that is left:
// more than honest messages need.
constexpr std::size_t most_growth = 64;

}  // namespace

namespace detail {

std::string codec_path::text() const {
  std::vector<const path_scope*> scopes;
  for (const path_scope* at = top_; at; at = at->outer_) scopes.push_back(at);
  std::string path;
  for (auto at = scopes.rbegin(); at != scopes.rend(); ++at) {
    if ((*at)->name_) {
      if (!path.empty()) path += '.';
      path += (*at)->name_;
    }
    if ((*at)->index_ != path_scope::no_index) path += '[' + std::to_string((*at)->index_) + ']';
  }
  // One as deep as the limit is told by its two ends.
  constexpr std::size_t longest = 400;
  if (path.size() > longest)
    path = path.substr(0, longest / 2) + " ... " + path.substr(path.size() - longest / 2);
  return path;
}

void codec_path::fail(const std::string& reason) const {
  throw codec_error(text(), reason);
}

void codec_path::too_deep() const {
  fail("nested deeper than " + std::to_string(limits_.depth) + " (limits.depth)");
}

}  // namespace detail

void encoder::long_count(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *body_.extend(1) = static_cast<std::byte>(value | 0x80);
  *body_.extend(1) = static_cast<std::byte>(value);
}

// Thousands of middling strings are no reason to refuse a message: what the limit leaves no
// attachments for stays in the body.
bool encoder::may_attach(std::span<const std::byte> bytes) const {
  if (bytes.size() > bounds().message_bytes)
    fail(std::to_string(bytes.size()) + " bytes exceed the largest message of " +
         std::to_string(bounds().message_bytes) + " (limits.message_bytes)");
  return attachments_.size() < bounds().attachments;
}

void encoder::attached_blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  if (!may_attach(bytes)) {
    inline_blob(bytes);
    return;
  }
  attachments_.push_back({std::move(owner), bytes});
  count(std::uint64_t{bytes.size()} * 2 + 1);
}

void encoder::copied_blob(std::span<const std::byte> bytes) {
  if (!may_attach(bytes)) {
    inline_blob(bytes);
    return;
  }
  std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  const std::span<const std::byte> kept(copy.get(), bytes.size());
  attached_blob(kept, std::move(copy));
}

void decoder::truncated() const {
  fail("the message ends too early");
}

void decoder::over_budget() const {
  fail("the value takes more memory than limits.decoded_bytes allows");
}

std::uint64_t decoder::long_count() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = number<std::uint8_t>();
    const std::uint64_t bits = byte & 0x7f;
    if (shift == 63 && bits > 1) break;
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
  std::span<const std::byte> bytes;
  if ((header & 1) == 0) {
    if (size > body_.size()) truncated();
    bytes = body_.first(static_cast<std::size_t>(size));
    body_ = body_.subspan(bytes.size());
  } else {
    if (next_ == attachments_.size()) fail("an attachment is missing");
    bytes = attachments_[next_++];
    if (bytes.size() != size) fail("an attachment of another size");
  }
  charge(size);
  return bytes;
}

std::size_t decoder::elements(std::size_t bytes_each) {
  const std::uint64_t size = count();
  if (size > body_.size()) fail("more elements than the message can hold");
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(size, std::uint64_t{bytes_each}, &bytes)) over_budget();
  charge(bytes);
  return static_cast<std::size_t>(size);
}

std::size_t decoder::room_for(std::size_t count, std::size_t bytes_each) const noexcept {
  return std::min(count, body_.size() * most_growth / bytes_each + 1);
}

void decoder::empty_element() {
  if (number<std::uint8_t>() != 0) fail("an element without content that has some");
}

void decoder::finish() const {
  if (!body_.empty()) fail(std::to_string(body_.size()) + " bytes are left over");
  if (next_ != attachments_.size()) fail("attachments are left over");
}

void codec<std::error_code>::encode(encoder& out, const std::error_code& value) {
  const std::string_view name = value.category().name();
  if (core::known_category(name) != &value.category())
    out.fail("an error_code of the category '" + std::string(name) +
             "', which is an object of this process only");
  codec<std::string_view>::encode(out, name);
  out.number(value.value());
}

std::error_code codec<std::error_code>::decode(decoder& in) {
  const std::error_category* const category = core::known_category(codec<std::string>::decode(in));
  if (!category) in.fail("an error_code of an unknown category");
  return {in.number<int>(), *category};
}

}  // namespace glovebox
