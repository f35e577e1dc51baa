// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glovebox {

/// What one side accepts from the other. Everything a peer sends is bounded by one of these before
/// memory is spent on it; exceeding one in a child's message is a protocol violation.
/// Trivially copyable, so it may be written in braces inside a `co_await` expression.
struct limits {
  /// Largest message, header excluded: body and attachments together [bytes].
  std::uint64_t message_bytes = std::uint64_t{1} << 30;
  /// Memory that decoding one message may take, by the sizes of the decoded objects [bytes].
  std::uint64_t decoded_bytes = std::uint64_t{4} << 30;
  /// Nesting of containers, structures, optionals and variants in one value.
  std::uint32_t depth = 128;
  /// Attachments of one message.
  std::uint32_t attachments = 1024;
  /// Descriptors of one message (the kernel stops at 253).
  std::uint32_t descriptors = 64;
  /// Callbacks of one child that are open at the same time, each within the other.
  std::uint32_t callback_depth = 64;
};

}  // namespace glovebox
