// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace glovebox::core {
namespace {

constexpr char32_t most_code = 0x10ffff;

bool is_surrogate(char32_t code) noexcept {
  return code >= 0xd800 && code <= 0xdfff;
}

/// The code point at `at`, which is moved behind it; of valid UTF-8 only.
char32_t next_code(const char*& at) noexcept {
  const auto byte = [&] { return static_cast<unsigned char>(*at++); };
  const char32_t lead = byte();
  if (lead < 0x80) return lead;
  const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t code = lead & (0x3f >> more);
  for (int i = 0; i != more; ++i) code = code << 6 | (byte() & 0x3f);
  return code;
}

char32_t unit_at(const void* units, std::size_t index, std::size_t width) noexcept {
  if (width == 2) {
    std::uint16_t unit;
    std::memcpy(&unit, static_cast<const char*>(units) + index * 2, 2);
    return unit;
  }
  std::uint32_t unit;
  std::memcpy(&unit, static_cast<const char*>(units) + index * 4, 4);
  return unit;
}

}  // namespace

bool valid_utf8(std::string_view bytes) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end = at + bytes.size();
  while (at != end) {
    std::uint64_t eight;
    if (end - at >= 8) {
      std::memcpy(&eight, at, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    const unsigned lead = *at++;
    if (lead < 0x80) continue;
    // The second byte's range is narrower after some lead bytes: that excludes longer forms than
    // needed, surrogates, and what is beyond the last code point.
    unsigned low = 0x80, high = 0xbf;
    int more;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - at < more) return false;
    if (*at < low || *at > high) return false;
    for (int i = 1; i != more; ++i)
      if ((at[i] & 0xc0) != 0x80) return false;
    at += more;
  }
  return true;
}

void append_utf8(char32_t code, std::string& to) {
  const auto put = [&](char32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

bool append_utf8(const void* units, std::size_t count, std::size_t width, std::string& to) {
  for (std::size_t i = 0; i != count; ++i) {
    char32_t code = unit_at(units, i, width);
    if (width == 2 && code >= 0xd800 && code <= 0xdbff && i + 1 != count) {
      const char32_t low = unit_at(units, i + 1, width);
      if (low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      ++i;
    }
    if (is_surrogate(code) || code > most_code) return false;
    append_utf8(code, to);
  }
  return true;
}

std::size_t count_units(std::string_view utf8, std::size_t width) noexcept {
  std::size_t count = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) ++count;       // not a continuation: a code point begins
    if (width == 2 && byte >= 0xf0) ++count;  // it takes a pair of surrogates
  }
  return count;
}

void write_units(std::string_view utf8, std::size_t width, void* to) noexcept {
  auto* out = static_cast<char*>(to);
  const auto put = [&]<class Unit>(Unit unit) {
    std::memcpy(out, &unit, sizeof unit);
    out += sizeof unit;
  };
  const char* at = utf8.data();
  const char* const end = at + utf8.size();
  while (at != end) {
    const char32_t code = next_code(at);
    if (width == 4) {
      put(static_cast<std::uint32_t>(code));
    } else if (code < 0x10000) {
      put(static_cast<std::uint16_t>(code));
    } else {
      put(static_cast<std::uint16_t>(0xd800 + ((code - 0x10000) >> 10)));
      put(static_cast<std::uint16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
    }
  }
}

}  // namespace glovebox::core
