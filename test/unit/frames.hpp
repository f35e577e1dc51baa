// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "support/dice.hpp"

#include "core/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace glovebox::test {

using bytes = std::vector<std::byte>;
using view = std::span<const std::byte>;

inline bool same(view a, view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Bytes that say where they come from; the period divides no buffer's size.
inline bytes pattern(std::size_t size, std::uint64_t seed) {
  bytes made(size);
  for (std::size_t i = 0; i != size; ++i) made[i] = static_cast<std::byte>((i * 7 + seed) % 251);
  return made;
}

inline byte_buffer buffer_of(view data) {
  byte_buffer made;
  made.append(data.data(), data.size());
  return made;
}

inline byte_buffer buffer_of(std::string_view text) {
  return buffer_of(std::as_bytes(std::span(text.data(), text.size())));
}

inline std::string_view text_of(view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline attachment borrowed(view data) {
  return {nullptr, data};
}

template <class T>
void append_little_endian(bytes& to, T value) {
  for (std::size_t i = 0; i != sizeof value; ++i)
    to.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

/// The wire format once more, from its description: what the library writes is compared with it.
inline void append_frame(bytes& to, const core::frame_header& header, view body,
                         std::span<const attachment> attachments) {
  std::size_t payload = body.size();
  for (const attachment& each : attachments) payload += 8 + each.bytes.size();
  append_little_endian(to, static_cast<std::uint32_t>(payload));
  append_little_endian(to, static_cast<std::uint8_t>(header.kind));
  append_little_endian(to, static_cast<std::uint8_t>(header.encoding));
  append_little_endian(to, header.descriptors);
  append_little_endian(to, header.reserved);
  append_little_endian(to, header.target);
  append_little_endian(to, static_cast<std::uint32_t>(attachments.size()));
  append_little_endian(to, header.call);
  append_little_endian(to, header.object);
  for (const attachment& each : attachments)
    append_little_endian(to, each.descriptor >= 0 ? std::uint64_t{1} << 63 : each.bytes.size());
  to.insert(to.end(), body.begin(), body.end());
  for (const attachment& each : attachments)
    to.insert(to.end(), each.bytes.begin(), each.bytes.end());
}

/// A sink that only collects, within the limits; it can be told to fail.
class collecting_sink final : public core::frame_sink {
 public:
  void put(core::frame_header header, const byte_buffer& body,
           std::span<const attachment> attachments) override {
    if (fail_at != 0 && --fail_at == 0) throw std::bad_alloc();
    core::fit(header, body.size(), attachments, bounds);
    append_frame(stream, header, body.view(), attachments);
  }
  bytes take() { return std::exchange(stream, {}); }

  limits bounds;
  bytes stream;
  int fail_at = 0;  // the how manyth frame from now on; 0: none
};

/// Gives bytes to a reader as a socket would: `chunk` at a time, in as many reads as it has room
/// for. Calls `drain` after each. What lies behind the bytes that arrived is set to nonsense.
template <class Drain>
void feed(core::frame_reader& to, view data, std::size_t chunk, Drain drain) {
  while (!data.empty()) {
    const std::span<std::byte> room = to.prepare();
    const std::size_t size = std::min({room.size(), data.size(), chunk});
    if (size == 0) std::abort();  // no room although prepare() promises some
    std::memcpy(room.data(), data.data(), size);
    std::memset(room.data() + size, 0xEE, std::min<std::size_t>(room.size() - size, 256));
    to.commit(size);
    data = data.subspan(size);
    drain();
  }
}

}  // namespace glovebox::test
