// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/file_descriptor.hpp>
#include <glovebox/limits.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace glovebox::core {

/// Kinds of frames. The comment says who sends it.
enum class frame_kind : std::uint8_t {
  ready = 1,  ///< child, once and first: target = protocol version
  define,     ///< parent: names the function that `target` stands for from now on
  call,       ///< parent: run function `target`
  release,    ///< parent: `object` lost `target` of its references
  reply,      ///< child: the result of `call`; `object` is its handle when it stays in the child,
              ///< `target` how many of the call's callables its function was given
  error,      ///< child: `call` ended with the exception in the body; `target` as above
  skipped,    ///< child: `call` was not started, as it was asked
  operate,    ///< parent: do operation `target` (op.hpp) with `object`; a call like any other
  callback,   ///< child: calls callable `target` of `call`; `object` numbers the callback
  let_go,     ///< child: it will not call callable `target` of `call` any more
  callback_reply,  ///< parent: the result of callback `object`
  callback_error,  ///< parent: callback `object` ended with the exception in the body
  misbehave,       ///< parent: do with `call` what testing::fault `target` says; `object` [ns]
};

inline constexpr std::uint32_t protocol_version = 1;

/// What the body is written in.
enum class body_encoding : std::uint8_t { none, binary, json };

/// The fixed part of a frame. On the wire: 32 bytes, little endian, in this order, followed by the
/// payload: the size of each attachment (8 bytes each), the body, the attachments. An attachment
/// that is a file descriptor has `size_of_descriptor` for its size, and no bytes; the descriptors
/// travel with the first byte of the frame.
struct frame_header {
  static constexpr std::size_t wire_size = 32;
  static constexpr std::size_t descriptors_at = 6;  ///< where their count is [bytes]
  static constexpr std::uint64_t size_of_descriptor = std::uint64_t{1} << 63;

  std::uint32_t payload = 0;  ///< bytes that follow the header
  frame_kind kind{};
  body_encoding encoding = body_encoding::none;
  std::uint8_t descriptors = 0;  ///< file descriptors that travel with it
  std::uint8_t reserved = 0;     ///< 0
  std::uint32_t target = 0;
  std::uint32_t attachments = 0;
  std::uint64_t call = 0;
  std::uint64_t object = 0;
};

// Both ends of a channel run on one machine. In memory a header lies as it does on the wire.
static_assert(std::endian::native == std::endian::little);
static_assert(sizeof(frame_header) == frame_header::wire_size &&
              std::has_unique_object_representations_v<frame_header>);
static_assert(offsetof(frame_header, descriptors) == frame_header::descriptors_at);

/// The header as it stands on the wire.
inline std::array<std::byte, frame_header::wire_size> to_wire(const frame_header& header) noexcept {
  return std::bit_cast<std::array<std::byte, frame_header::wire_size>>(header);
}

/// A received frame. Its spans point into the reader's buffer; it owns its descriptors.
struct frame_view {
  frame_header header;
  std::span<const std::byte> body;
  std::vector<std::span<const std::byte>> attachments;  ///< allocates only when there are any
  /// By the index of the attachment. No elements when there are no descriptors; an empty one was
  /// lost on its way, or the attachment is none.
  std::vector<file_descriptor> descriptors;
};

/// Where frames go: a queue in front of the socket in the parent, the send ring in the child.
class frame_sink {
 public:
  virtual ~frame_sink() = default;
  /// Takes one frame. The header's sizes and counts are set here from the other two.
  /// \throws codec_error when it exceeds the limits
  virtual void put(frame_header header, const byte_buffer& body,
                   std::span<const attachment> attachments) = 0;
};

/// Sets the header's sizes and counts from its parts. \throws codec_error when the message is too
/// large
void fit(frame_header& header, std::size_t body, std::span<const attachment> attachments,
         const limits& bounds);

/// What stands for the attachment in the table of their sizes.
std::uint64_t table_entry(const attachment& of) noexcept;

struct free_memory {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
/// From malloc, whose realloc moves the pages of a large block instead of what is in them.
using memory_block = std::unique_ptr<std::byte[], free_memory>;

/// Cuts a byte stream into frames. Sans-io: the owner reads into `prepare()` and says how much
/// with `commit()`, then takes frames with `next()` until it says `need_more`.
class frame_reader {
 public:
  static constexpr std::size_t usual_capacity = 64 * 1024;

  explicit frame_reader(const limits& bounds = {});

  /// Room for the next read; never empty. Ends the life of every view handed out before.
  std::span<std::byte> prepare();
  void commit(std::size_t bytes) noexcept { end_ += bytes; }

  /// Where descriptors that come with bytes are appended, before these are committed. They are
  /// handed out with the frames that announce them, in the order in which they came.
  std::vector<file_descriptor>& arrived() noexcept { return arrived_; }
  /// Descriptors that came with bytes could not be installed in this process.
  void descriptors_lost() { arrived_.emplace_back(); }
  /// Whether there are more descriptors than unfinished frames can have brought.
  bool unannounced() const noexcept;

  /// Hands over the buffer that the views handed out so far point into, and goes on with another.
  memory_block detach();

  enum class outcome : std::uint8_t { frame, need_more, violation };
  /// The next whole frame. After a violation the reader stays in that state.
  outcome next(frame_view& out);
  /// Why the stream is broken.
  std::string_view violation() const noexcept { return violation_; }
  /// The owner found the stream to be broken: what still arrives is taken in and dropped.
  void refuse(std::string_view why) noexcept { violation_ = why; }
  /// Bytes of an unfinished frame.
  std::size_t pending() const noexcept { return end_ - begin_; }

 private:
  outcome broken(std::string_view why) noexcept;
  void grow(std::size_t capacity);
  bool take_attachments(const std::byte* payload, frame_view& out);
  bool take_descriptors(const std::byte* table, frame_view& out);

  limits limits_;
  memory_block buffer_;
  std::size_t capacity_ = 0;
  std::size_t made_ = 0;                  // the pages up to here are there, of a large buffer
  std::size_t begin_ = 0;                 // first byte not yet handed out
  std::size_t end_ = 0;                   // one past the last byte received
  std::size_t wanted_ = 0;                // size of the frame at begin_, when its header is known
  std::size_t announced_ = 0;             // descriptors of the frame at begin_, the same
  std::vector<file_descriptor> arrived_;  // not handed out yet; an empty one: a set that was lost
  std::string_view violation_;
};

}  // namespace glovebox::core
