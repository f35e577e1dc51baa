// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>
#include <glovebox/config.hpp>
#include <glovebox/context.hpp>
#include <glovebox/dynamic.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace glovebox {
namespace detail {

/// Memory that other processes may have mapped as well.
class GLOVEBOX_API shared_block {
 public:
  virtual ~shared_block();
  std::byte* data() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool writable() const noexcept { return writable_; }

 protected:
  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
  bool writable_ = true;
};
using shared_block_pointer = std::shared_ptr<shared_block>;

/// \param home whose blocks may be used again; null: only such as nobody else has seen
/// \throws std::system_error, std::bad_alloc
GLOVEBOX_API shared_block_pointer make_shared_block(std::size_t bytes,
                                                    const std::shared_ptr<target>& home);
/// What is sent in its stead. Makes a block of a child's own immutable first.
GLOVEBOX_API std::shared_ptr<const file_descriptor> descriptor_of(const shared_block_pointer& block,
                                                                  const codec_path& path);
/// \throws codec_error when it is not what the other side may send
GLOVEBOX_API shared_block_pointer receive_shared_block(file_descriptor descriptor,
                                                       std::uint64_t bytes, const codec_path& path);

}  // namespace detail

/// A handle of an array in memory that parent and child have both mapped: as an argument, and as a
/// result, it is passed in place, whatever its size. Copies are handles of the same array, which
/// lives as long as one of them does, here or in the child.
///
/// **Both sides may write, at any time.** Nothing is synchronised but by calls and their ends. A
/// parent must treat the bytes as changeable while a child lives that was given them, and copy what
/// it decides on before it checks it.
///
/// One that a child has made is immutable on both sides once it was sent.
///
/// Handles are as thread-safe as shared_ptr.
template <class T>
class shared_array {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::is_const_v<T>,
                "glovebox: the elements of a shared_array lie in the memory of two processes: "
                "only trivially copyable types without pointers make sense there");
  static_assert(alignof(T) <= 4096);

 public:
  using value_type = T;

  shared_array() noexcept = default;
  /// Zeros. \throws std::system_error, std::bad_alloc
  explicit shared_array(std::size_t size) : shared_array(size, std::shared_ptr<detail::target>()) {}
  /// For calls of this context, whose used arrays are taken again where possible, so that their
  /// pages are paid for once. Then the elements have any values.
  shared_array(std::size_t size, const context& calls) : shared_array(size, calls.home()) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T* data() const noexcept {
    return block_ ? reinterpret_cast<const T*>(block_->data()) : nullptr;
  }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  const T& operator[](std::size_t index) const noexcept { return data()[index]; }
  std::span<const T> elements() const noexcept { return {data(), size_}; }

  /// The same elements, to be written. \throws std::logic_error when they are immutable
  std::span<T> writable() const {
    if (!block_) return {};
    if (!block_->writable())
      throw std::logic_error("glovebox: an array that was made by a child is immutable");
    return {reinterpret_cast<T*>(block_->data()), size_};
  }
  bool immutable() const noexcept { return block_ && !block_->writable(); }
  /// Whether both are handles of the same memory.
  bool same_as(const shared_array& other) const noexcept { return block_ == other.block_; }

 private:
  friend struct codec<shared_array>;
  friend struct dynamic_codec<shared_array>;

  shared_array(std::size_t size, const std::shared_ptr<detail::target>& home) : size_(size) {
    if (size > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc();
    if (size != 0) block_ = detail::make_shared_block(size * sizeof(T), home);
  }
  /// \param path of the reader, for its errors
  static shared_array received(file_descriptor descriptor, std::uint64_t size,
                               const detail::codec_path& path) {
    shared_array made;
    if (size > static_cast<std::size_t>(-1) / 2 / sizeof(T)) path.fail("too many elements");
    made.size_ = static_cast<std::size_t>(size);
    // Without a descriptor it is only to be described.
    if (size != 0 && descriptor)
      made.block_ = detail::receive_shared_block(std::move(descriptor), size * sizeof(T), path);
    return made;
  }

  detail::shared_block_pointer block_;
  std::size_t size_ = 0;
};

/// Bytes.
using shared_buffer = shared_array<std::byte>;

/// The number of elements, and the memory's descriptor unless there are none.
template <class T>
struct codec<shared_array<T>> {
  static void encode(encoder& out, const shared_array<T>& value) {
    out.count(value.size());
    if (!value.empty()) out.descriptor(detail::descriptor_of(value.block_, out));
  }
  static shared_array<T> decode(decoder& in) {
    const std::uint64_t size = in.count();
    return shared_array<T>::received(size == 0 ? file_descriptor() : in.descriptor(), size, in);
  }
};

/// `[number of elements, {"$fd":attachment}]`, or `[0,null]`.
template <class T>
struct dynamic_codec<shared_array<T>> {
  static void write(json_writer& out, const shared_array<T>& value) {
    out.begin_list();
    out.integer(value.size());
    if (value.empty())
      out.null();
    else
      out.descriptor(detail::descriptor_of(value.block_, out));
    out.end_list();
  }
  static shared_array<T> read(json_reader& in) {
    in.begin_parts();
    const auto size = in.integer<std::uint64_t>();
    in.next_part();
    file_descriptor memory;
    if (size != 0)
      memory = in.descriptor();
    else if (!in.null())
      in.fail("an empty array that has memory");
    in.end_parts();
    return shared_array<T>::received(std::move(memory), size, in);
  }
};

}  // namespace glovebox
