// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace glovebox::farming {

/// Appends text as valid UTF-8: each byte that is no part of a character becomes `\xNN`.
void append_utf8(std::string& to, std::string_view text);

/// The same on one line, without control characters, and at most `width` characters wide; what is
/// too long ends in `...`.
std::string one_line(std::string_view text, std::size_t width);

/// Characters, not bytes, of valid UTF-8.
std::size_t width_of(std::string_view text) noexcept;

/// Fills up with spaces.
void pad(std::string& text, std::size_t width);

/// `1.25 s`, `13 ms`, `4 us`
std::string duration_text(long long nanoseconds);

}  // namespace glovebox::farming
