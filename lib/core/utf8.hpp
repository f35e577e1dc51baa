// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace glovebox::core {

/// Whether the bytes are UTF-8 as the Unicode standard has it: shortest forms, no surrogates,
/// nothing beyond U+10FFFF.
bool valid_utf8(std::string_view bytes) noexcept;

/// Appends a code point, which must be one.
void append_utf8(char32_t code, std::string& to);

/// Appends units of UTF-16 (width 2) or UTF-32 (width 4) as UTF-8. False: they are not valid, and
/// `to` is left with a part of them.
bool append_utf8(const void* units, std::size_t count, std::size_t width, std::string& to);

/// How many units of that width valid UTF-8 becomes.
std::size_t count_units(std::string_view utf8, std::size_t width) noexcept;
/// Writes them.
void write_units(std::string_view utf8, std::size_t width, void* to) noexcept;

}  // namespace glovebox::core
