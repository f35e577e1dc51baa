// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace glovebox::core {

/// Length of the text for so many bytes (RFC 4648, with padding).
constexpr std::size_t base64_size(std::size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}
/// Writes `base64_size(bytes.size())` characters.
void write_base64(std::span<const std::byte> bytes, char* to) noexcept;

/// How many bytes the text stands for; nothing when it has no possible length.
std::optional<std::size_t> decoded_base64_size(std::string_view text) noexcept;
/// Writes them. False: the text is not what `write_base64` makes of any bytes.
bool read_base64(std::string_view text, std::byte* to) noexcept;

}  // namespace glovebox::core
