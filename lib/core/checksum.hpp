// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace glovebox::core {

/// CRC-32 as gzip has it: finds what a copy has damaged, and nobody's intention.
/// \param before the checksum of the bytes that stand in front
inline std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i != made.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit != 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320u : 0u);
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t sum = ~before;
  for (const std::byte byte : bytes)
    sum = (sum >> 8) ^ table[(sum ^ static_cast<std::uint32_t>(byte)) & 0xffu];
  return ~sum;
}

}  // namespace glovebox::core
