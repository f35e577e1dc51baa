// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::fuzz {

using view = std::span<const std::byte>;
using bytes = std::vector<std::byte>;

/// What must hold whatever the input is.
inline void require(bool holds, const char* otherwise) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", otherwise);
  std::abort();
}

inline bool same(view a, view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// In memory of its own size, so that sanitizers see what is read beyond its end.
inline bytes exact(view data) {
  return {data.begin(), data.end()};
}
inline std::string_view text_of(view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// The lowest number that no open descriptor has: when it grows, one was left open.
inline int lowest_free_descriptor() {
  const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest);
  return lowest;
}

/// Takes an input apart. Behind its end all is zero.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}

  template <std::integral T>
  T number() {
    T value{};
    const view taken = take(sizeof value);
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  /// So many bytes, or those that are left.
  view take(std::size_t count) {
    const view taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  /// With its length, a byte, before it.
  std::string text() { return std::string(text_of(take(byte()))); }
  view rest() { return take(left_.size()); }
  bool empty() const { return left_.empty(); }

 private:
  view left_;
};

/// Attachments, then a body. What is attached is large, and inputs are not: so of an attachment its
/// size stands there and how it begins, and the rest of it is zero.
struct message_parts {
  explicit message_parts(input& from) {
    for (std::uint8_t count = from.byte() % 4; count != 0; --count) {
      const std::size_t size = from.number<std::uint16_t>();
      bytes& made = attachments.emplace_back(exact(from.take(from.byte())));
      made.resize(size);
      made.shrink_to_fit();
    }
    body = exact(from.rest());
    attached.assign(attachments.begin(), attachments.end());
  }

  bytes body;
  std::vector<bytes> attachments;
  std::vector<view> attached;
};

}  // namespace glovebox::fuzz

/// Each target has one. \returns 0
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
