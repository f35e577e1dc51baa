// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/bulk.hpp>
#include <glovebox/codec/path.hpp>
#include <glovebox/file_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace glovebox {

/// Reads values from bytes that may be anything. Never reads outside them, never loops more often
/// than there are bytes, and spends memory only within the limits. Errors are `codec_error`, with
/// the path of the value. Not thread-safe.
class GLOVEBOX_API decoder : public detail::codec_path {
 public:
  using scope = detail::path_scope;

  /// The bytes must outlive the decoder and must not change meanwhile.
  /// \param descriptors by the index of their attachment; they are moved from
  explicit decoder(std::span<const std::byte> body,
                   std::span<const std::span<const std::byte>> attachments = {},
                   const limits& bounds = {}, std::span<file_descriptor> descriptors = {}) noexcept
      : codec_path(bounds),
        body_(body),
        attachments_(attachments),
        descriptors_(descriptors),
        budget_(bounds.decoded_bytes) {}

  void raw(void* to, std::size_t count) {
    if (count > body_.size()) truncated();
    if (count != 0) std::memcpy(to, body_.data(), count);
    body_ = body_.subspan(count);
  }
  template <class T>
  T number() {
    static_assert(detail::is_bulk<T>, "glovebox: bool, long double and classes have codecs");
    T value;
    raw(&value, sizeof value);
    return value;
  }
  std::uint64_t count() {
    if (!body_.empty() && body_.front() < std::byte{0x80}) {
      const auto value = static_cast<std::uint64_t>(body_.front());
      body_ = body_.subspan(1);
      return value;
    }
    return long_count();
  }
  /// The bytes of a blob, where they lie. They are charged, since they are about to be copied.
  std::span<const std::byte> blob();
  /// The descriptor that is the next attachment.
  file_descriptor descriptor();
  /// What is read is to be described only: descriptors are not there, and are read as empty ones.
  void only_describe() noexcept { describes_ = true; }
  /// The length of a container whose elements follow, never more than the bytes that are left. It
  /// is charged with `bytes_each`, the memory one element will take.
  std::size_t elements(std::size_t bytes_each);
  /// After each element of a container. One that has nothing to write (an empty class) is a zero
  /// byte: so lengths are bounded by the bytes that are left. \param left_before what `left()` was
  /// before the element
  void element_ended(std::size_t left_before) {
    if (body_.size() == left_before) empty_element();
  }
  /// How many of `count` elements to make room for at once: a short message that announces many
  /// large elements must send them before we spend the memory.
  std::size_t room_for(std::size_t count, std::size_t bytes_each) const noexcept;
  /// Notes that decoding is about to take memory. \throws codec_error above `limits.decoded_bytes`
  void charge(std::uint64_t bytes) {
    if (bytes > budget_) over_budget();
    budget_ -= bytes;
  }

  /// Bytes of the body not yet read.
  std::size_t left() const noexcept { return body_.size(); }
  bool done() const noexcept { return body_.empty() && next_ == attachments_.size(); }
  /// \throws codec_error unless every byte and attachment was read
  void finish() const;

 private:
  [[noreturn]] void truncated() const;
  [[noreturn]] void over_budget() const;
  std::uint64_t long_count();
  void empty_element();

  std::span<const std::byte> body_;
  std::span<const std::span<const std::byte>> attachments_;
  std::span<file_descriptor> descriptors_;
  std::size_t next_ = 0;
  bool describes_ = false;
  std::uint64_t budget_;
};

}  // namespace glovebox
