// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec/bulk.hpp>
#include <glovebox/codec/path.hpp>
#include <glovebox/file_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace glovebox {

/// What goes beside a message's body: bulk data, sent from where it lies, or a file descriptor.
struct attachment {
  std::shared_ptr<const void> owner;  ///< null: borrowed, the caller keeps the bytes alive
  std::span<const std::byte> bytes;
  int descriptor = -1;  ///< not negative: what is sent instead of bytes; the owner's
};

/// From this size on, strings and contiguous numbers become attachments [bytes].
inline constexpr std::size_t attachment_threshold = 16 * 1024;

/// Writes values behind what `body` and `attachments` hold already. Errors are `codec_error`, with
/// the path of the value; what was written before stays. Not thread-safe.
class GLOVEBOX_API encoder : public detail::codec_path {
 public:
  using scope = detail::path_scope;

  /// Both must outlive the encoder.
  encoder(byte_buffer& body, std::vector<attachment>& attachments, const limits& bounds = {})
      : codec_path(bounds), body_(body), attachments_(attachments) {}

  /// Bytes without their length. Never those of a class with padding: it holds the process's
  /// secrets.
  void raw(const void* bytes, std::size_t count) { body_.append(bytes, count); }
  /// A number at its full width, little endian.
  template <class T>
  void number(T value) {
    static_assert(detail::is_bulk<T>, "glovebox: bool, long double and classes have codecs");
    std::memcpy(body_.extend(sizeof value), &value, sizeof value);
  }
  /// A length or an index: LEB128, seven bits a byte, the lowest first.
  void count(std::uint64_t value) {
    if (value < 0x80)
      *body_.extend(1) = static_cast<std::byte>(value);
    else
      long_count(value);
  }
  /// Length and bytes. Large ones are copied into an attachment.
  void blob(std::span<const std::byte> bytes) {
    if (bytes.size() < attachment_threshold)
      inline_blob(bytes);
    else
      copied_blob(bytes);
  }
  /// The same, but a large one is not copied: the message keeps its `owner`.
  void blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
    if (bytes.size() < attachment_threshold)
      inline_blob(bytes);
    else
      attached_blob(bytes, std::move(owner));
  }
  /// The same, but the caller keeps a large one alive and unchanged until the call has ended.
  void borrowed_blob(std::span<const std::byte> bytes) { blob(bytes, nullptr); }
  /// A file descriptor that is open.
  void descriptor(std::shared_ptr<const file_descriptor> value);
  /// After each element of a container. One that has written nothing gets a zero byte: the decoder
  /// takes no lengths that are not backed by bytes.
  /// \param written_before what `written()` was before the element
  void element_ended(std::size_t written_before) {
    if (body_.size() == written_before) number(std::uint8_t{0});
  }

  /// Bytes of the body so far.
  std::size_t written() const noexcept { return body_.size(); }

  // ---- for the library
  /// How far it is, to take back what was written since.
  struct mark {
    std::size_t size;
    std::size_t attachments;
  };
  mark position() const noexcept { return {body_.size(), attachments_.size()}; }
  void take_back(const mark& to) {
    body_.truncate(to.size);
    attachments_.resize(to.attachments);
  }
  /// With those of attachments.
  std::uint64_t bytes_since(const mark& from) const noexcept {
    std::uint64_t bytes = body_.size() - from.size;
    for (std::size_t i = from.attachments; i != attachments_.size(); ++i)
      bytes += attachments_[i].bytes.size();
    return bytes;
  }

 private:
  void long_count(std::uint64_t value);
  void inline_blob(std::span<const std::byte> bytes) {
    count(std::uint64_t{bytes.size()} * 2);
    raw(bytes.data(), bytes.size());
  }
  bool may_attach(std::span<const std::byte> bytes) const;
  void attached_blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  void copied_blob(std::span<const std::byte> bytes);

  byte_buffer& body_;
  std::vector<attachment>& attachments_;
};

}  // namespace glovebox
