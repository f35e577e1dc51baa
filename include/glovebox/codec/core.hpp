// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The binary form in which values cross between parent and child: compact, without tags (both ends
/// know the types), little endian (both ends run on one machine). Everything that is read is
/// checked, since a child may send anything.

#include <glovebox/byte_buffer.hpp>
#include <glovebox/error.hpp>
#include <glovebox/limits.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox {

/// Bulk data beside a message's body. It is sent from where it lies.
struct attachment {
  std::shared_ptr<const void> owner;  ///< null: borrowed, the caller keeps the bytes alive
  std::span<const std::byte> bytes;
};

/// From this size on, strings and contiguous numbers become attachments [bytes].
inline constexpr std::size_t attachment_threshold = 16 * 1024;

namespace detail {

class path_scope;

/// Where in a value an encoder or decoder is, for error messages, and how deep.
class GLOVEBOX_API codec_path {
 public:
  explicit codec_path(const limits& bounds) noexcept : limits_(bounds) {}
  codec_path(const codec_path&) = delete;
  codec_path& operator=(const codec_path&) = delete;

  /// Throws a codec_error with the current path.
  [[noreturn]] void fail(const std::string& reason) const;
  const limits& bounds() const noexcept { return limits_; }

 protected:
  ~codec_path() = default;
  limits limits_;

 private:
  friend class path_scope;
  [[noreturn]] void too_deep() const;
  path_scope* top_ = nullptr;
  std::uint32_t depth_ = 0;
};

/// One element of the path, while it lives: `.name`, `[index]` or `name[index]`.
class path_scope {
 public:
  path_scope(codec_path& path, const char* name) : path_scope(path, name, 0, false) {}
  path_scope(codec_path& path, const char* name, std::size_t index)
      : path_scope(path, name, index, true) {}
  path_scope(codec_path& path, std::size_t index) : path_scope(path, nullptr, index, true) {}
  path_scope(const path_scope&) = delete;
  path_scope& operator=(const path_scope&) = delete;
  ~path_scope() {
    path_.top_ = outer_;
    --path_.depth_;
  }
  /// The loop over a container's elements has come to this one.
  void at(std::size_t index) noexcept { index_ = index; }

 private:
  friend class codec_path;
  path_scope(codec_path& path, const char* name, std::size_t index, bool has_index)
      : path_(path), outer_(path.top_), name_(name), index_(index), has_index_(has_index) {
    if (path.depth_ >= path.limits_.depth) path.too_deep();
    path.top_ = this;
    ++path.depth_;
  }

  codec_path& path_;
  path_scope* outer_;
  const char* name_;
  std::size_t index_;
  bool has_index_;
};

}  // namespace detail

/// Writes values. Not thread-safe. Errors are `codec_error`, with the path of the value.
class GLOVEBOX_API encoder : public detail::codec_path {
 public:
  using scope = detail::path_scope;

  encoder(byte_buffer& body, std::vector<attachment>& attachments, const limits& bounds = {})
      : codec_path(bounds), body_(body), attachments_(attachments) {}

  void raw(const void* bytes, std::size_t count) { body_.append(bytes, count); }
  template <class T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(body_.extend(sizeof value), &value, sizeof value);
  }
  /// A length or an index: LEB128, seven bits a byte, the lowest first.
  void count(std::uint64_t value) {
    if (value < 0x80)
      *body_.extend(1) = static_cast<std::byte>(value);
    else
      long_count(value);
  }
  /// Length and bytes; a large one becomes an attachment while the message may have more of them.
  /// With an `owner` that is not copied.
  void blob(std::span<const std::byte> bytes) {
    if (bytes.size() < attachment_threshold) {
      count(bytes.size() * 2);
      raw(bytes.data(), bytes.size());
    } else {
      large_blob(bytes);
    }
  }
  void blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  /// The same; the caller keeps the bytes alive until the call has ended.
  void borrowed_blob(std::span<const std::byte> bytes) { blob(bytes, nullptr); }

  std::size_t written() const noexcept { return body_.size(); }

 private:
  void long_count(std::uint64_t value);
  void large_blob(std::span<const std::byte> bytes);
  bool room_for_attachment(std::span<const std::byte> bytes);
  void attach(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  byte_buffer& body_;
  std::vector<attachment>& attachments_;
};

/// Reads values from bytes that may be anything. Never reads outside them, and spends memory only
/// within the limits. Not thread-safe. Errors are `codec_error`, with the path of the value.
class GLOVEBOX_API decoder : public detail::codec_path {
 public:
  using scope = detail::path_scope;

  decoder(std::span<const std::byte> body, std::span<const std::span<const std::byte>> attachments,
          const limits& bounds = {}) noexcept
      : codec_path(bounds), body_(body), attachments_(attachments), budget_(bounds.decoded_bytes) {}

  void raw(void* to, std::size_t count) {
    if (count > body_.size()) truncated();
    if (count != 0) std::memcpy(to, body_.data(), count);
    body_ = body_.subspan(count);
  }
  template <class T>
  T number() {
    static_assert(std::is_trivially_copyable_v<T>);
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
  /// The bytes of a blob, where they lie.
  std::span<const std::byte> blob();
  /// The length of a container whose elements follow.
  std::size_t elements();
  /// Notes that decoding is about to take memory.
  void charge(std::uint64_t bytes) {
    if (bytes > budget_) over_budget();
    budget_ -= bytes;
  }
  std::size_t left() const noexcept { return body_.size(); }
  bool done() const noexcept { return body_.empty() && next_ == attachments_.size(); }
  /// Refuses what is left over.
  void finish() const;

 private:
  [[noreturn]] void truncated() const;
  [[noreturn]] void over_budget() const;
  std::uint64_t long_count();

  std::span<const std::byte> body_;
  std::span<const std::span<const std::byte>> attachments_;
  std::size_t next_ = 0;
  std::uint64_t budget_;
};

/// How values of T cross. Specialise it for a type of your own:
/// \code
/// template <> struct glovebox::codec<my_type> {
///   static void encode(encoder& out, const my_type& value);
///   static my_type decode(decoder& in);  // throws for what encode would not have written
/// };
/// \endcode
/// A class with BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_CLASS needs no specialisation.
template <class T, class = void>
struct codec;

/// Types whose values can cross. Containers are when their elements are. For described classes only
/// the description is asked for (they may contain themselves); a member that cannot cross is
/// reported when the class is used.
template <class T>
concept transferable =
    requires(encoder& out, decoder& in, const std::remove_cvref_t<T>& value) {
      codec<std::remove_cvref_t<T>>::encode(out, value);
      { codec<std::remove_cvref_t<T>>::decode(in) } -> std::same_as<std::remove_cvref_t<T>>;
    };

template <class T>
void encode(encoder& out, T&& value) {
  using type = std::remove_cvref_t<T>;
  if constexpr (!std::is_reference_v<T> && !std::is_const_v<T> &&
                requires { codec<type>::encode_owned(out, std::move(value)); })
    codec<type>::encode_owned(out, std::move(value));
  else
    codec<type>::encode(out, value);
}

template <class T>
T decode(decoder& in) {
  return codec<T>::decode(in);
}

namespace detail {

/// Elements that cross as they lie in memory: any bit pattern is a value.
__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;
template <class T>
inline constexpr bool is_int128 = std::is_same_v<T, int128> || std::is_same_v<T, uint128>;
template <class T>
inline constexpr bool is_bulk =
    (std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, long double>) ||
    is_int128<T>;
template <class T>
  requires std::is_enum_v<T>
inline constexpr bool is_bulk<T> = !std::is_same_v<std::underlying_type_t<T>, bool>;

}  // namespace detail
}  // namespace glovebox
