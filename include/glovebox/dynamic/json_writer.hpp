// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec/bulk.hpp>
#include <glovebox/codec/encoder.hpp>
#include <glovebox/codec/path.hpp>
#include <glovebox/dynamic/object_port.hpp>
#include <glovebox/file_descriptor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox {

/// Writes dynamic values as JSON (RFC 8259). What JSON has no form for is an object with one key
/// that begins with `$`, a marker: see docs/internals.md. Values that follow each other inside a
/// list or dict are separated by the writer itself. Errors are `codec_error`, with the path of the
/// value; what was written before stays. Scalars and short texts take no memory of the heap beyond
/// the buffer's own. Not thread-safe.
class GLOVEBOX_API json_writer : public detail::codec_path {
 public:
  using scope = detail::path_scope;

  /// All must outlive the writer. \param objects null: objects cannot be written
  json_writer(byte_buffer& body, std::vector<attachment>& attachments, const limits& bounds = {},
              detail::object_port* objects = nullptr)
      : codec_path(bounds), body_(body), attachments_(attachments), objects_(objects) {}

  void null() { literal("null"); }
  void boolean(bool value) { literal(value ? "true" : "false"); }
  /// Integers keep their value, not their width.
  template <class T>
  requires(std::integral<T> || detail::is_int128<T>) void integer(T value) {
    if constexpr (sizeof(T) > 8)
      wide_integer(value < 0, value < 0 ? -static_cast<detail::uint128>(value)
                                        : static_cast<detail::uint128>(value));
    else if constexpr (std::is_signed_v<T>)
      signed_integer(value);
    else
      unsigned_integer(value);
  }
  /// Always with a point or an exponent: 1.0 does not come back as an integer.
  void real(double value);
  void real(float value);
  void real(long double value);
  /// Text, or any other bytes: those that are not UTF-8 become a marker. Long ones are copied into
  /// an attachment.
  void text(std::string_view value);
  /// The same, but a long one is not copied: the message keeps its owner.
  void text(std::string_view value, std::shared_ptr<const void> owner);
  /// Units of UTF-16 or UTF-32 (`width` 2 or 4 bytes).
  void wide_text(const void* units, std::size_t count, std::size_t width);
  void bytes(std::span<const std::byte> value);
  void bytes(std::span<const std::byte> value, std::shared_ptr<const void> owner);

  /// A file descriptor that is open.
  void descriptor(std::shared_ptr<const file_descriptor> value);

  void begin_list() { open('['); }
  void end_list() { close(']'); }
  void begin_dict() { open('{'); }
  /// Before each value of a dict.
  void key(std::string_view name);
  void end_dict() { close('}'); }
  /// `{"$name":`, the marker's one value, `}`. \param name without the `$`
  void begin_marker(std::string_view name);
  void end_marker() { close('}'); }

  /// Whether so many bytes go beside the text rather than into it.
  bool attaches(std::size_t bytes) const {
    return bytes >= attachment_threshold && attachments_.size() < limits_.attachments;
  }
  /// Contiguous numbers as an attachment. \param code a kind (u, i, f) and a size, as `f8`
  void numbers(std::string_view code, std::span<const std::byte> bytes,
               std::shared_ptr<const void> owner);
  /// Bytes of the binary codec, for types that have no other form.
  void binary(std::span<const std::byte> encoded);

  /// An object in the child, by a reference to it: in the parent, and of values in the child. A
  /// null pointer is a null.
  void reference(const std::shared_ptr<const detail::object_reference>& object,
                 std::string_view kind = {}, std::string_view type = {});
  /// Parent: something that the child may call.
  void callable(std::shared_ptr<detail::callable> callee);
  /// Child: an object that stays here. \param object null address: a null
  void share(const detail::shared_object& object);
  /// An object that the caller has made known already.
  void reference(const detail::named_object& object);

  // ---- for the library
  std::size_t written() const noexcept { return body_.size(); }
  /// Of an optional's content: marks it when, as it stands, it would be read as an empty optional.
  void mark_if_empty(std::size_t start);
  /// Whether the text is valid as a dict's key.
  static bool is_text(std::string_view bytes) noexcept;
  /// A value that is JSON already.
  void raw(std::string_view json);
  /// How far it is, to take back what was written since.
  struct mark {
    std::size_t size;
    std::size_t attachments;
    bool comma;
  };
  mark position() const noexcept { return {body_.size(), attachments_.size(), comma_}; }
  void take_back(const mark& to) {
    body_.truncate(to.size);
    attachments_.resize(to.attachments);
    comma_ = to.comma;
  }
  detail::object_port* objects() const noexcept { return objects_; }

 private:
  void begin_value() {
    if (comma_) *body_.extend(1) = std::byte{','};
    comma_ = true;
  }
  void literal(std::string_view text) {
    begin_value();
    body_.append(text.data(), text.size());
  }
  void open(char bracket) {
    begin_value();
    *body_.extend(1) = static_cast<std::byte>(bracket);
    comma_ = false;
  }
  void close(char bracket) {
    *body_.extend(1) = static_cast<std::byte>(bracket);
    comma_ = true;
  }
  void put(std::string_view text) { body_.append(text.data(), text.size()); }
  void signed_integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  void wide_integer(bool negative, detail::uint128 magnitude);
  void bits(std::uint64_t value, std::size_t digits);
  void quoted(std::string_view text);
  void escaped(std::string_view text);
  void base64(std::string_view marker, std::span<const std::byte> bytes);
  void attach(std::string_view marker, std::span<const std::byte> bytes,
              std::shared_ptr<const void> owner);
  std::shared_ptr<const void> copy(std::span<const std::byte>& bytes) const;

  byte_buffer& body_;
  std::vector<attachment>& attachments_;
  detail::object_port* objects_;
  bool comma_ = false;
};

}  // namespace glovebox
