// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/dynamic/json_writer.hpp>

#include "core/as_text.hpp"
#include "core/base64.hpp"
#include "core/utf8.hpp"

#include <array>
#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace glovebox {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// What needs no second look inside a string: no quote, backslash, control character, and nothing
/// beyond ASCII.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> made{};
  for (std::size_t i = 0x20; i != 0x80; ++i) made[i] = i != '"' && i != '\\';
  return made;
}();

bool all_plain(std::string_view text) noexcept {
  for (const char c : text)
    if (!plain[static_cast<unsigned char>(c)]) return false;
  return true;
}

}  // namespace

void json_writer::signed_integer(std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  literal({digits.data(), end});
}

void json_writer::unsigned_integer(std::uint64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  literal({digits.data(), end});
}

void json_writer::wide_integer(bool negative, detail::uint128 magnitude) {
  constexpr detail::uint128 most = ~std::uint64_t{0};
  constexpr detail::uint128 least = std::uint64_t{1} << 63;
  if (negative && magnitude <= least) return signed_integer(static_cast<std::int64_t>(-magnitude));
  if (!negative && magnitude <= most)
    return unsigned_integer(static_cast<std::uint64_t>(magnitude));
  std::array<char, 48> digits;
  char* at = digits.data() + digits.size();
  for (; magnitude != 0; magnitude /= 10)
    *--at = static_cast<char>('0' + static_cast<int>(magnitude % 10));
  if (negative) *--at = '-';
  begin_marker("i");
  quoted({at, digits.data() + digits.size()});
  end_marker();
}

void json_writer::bits(std::uint64_t value, std::size_t digits) {
  std::array<char, 16> text;
  for (std::size_t i = digits; i-- != 0; value >>= 4) text[i] = hex_digits[value & 15];
  begin_marker("f");
  quoted({text.data(), digits});
  end_marker();
}

void json_writer::real(double value) {
  if (!std::isfinite(value)) return bits(std::bit_cast<std::uint64_t>(value), 16);
  std::array<char, 32> digits;
  char* end = std::to_chars(digits.data(), digits.data() + digits.size() - 2, value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  if (text.find_first_of(".e") == std::string_view::npos) {
    *end++ = '.';
    *end++ = '0';
  }
  literal({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

// As the double it is: its own shortest form would be another number to who reads a double.
void json_writer::real(float value) {
  if (std::isnan(value)) return bits(std::bit_cast<std::uint32_t>(value), 8);
  real(static_cast<double>(value));
}

void json_writer::real(long double value) {
  if constexpr (LDBL_MANT_DIG == DBL_MANT_DIG) {
    real(static_cast<double>(value));
  } else {
    // Only the bytes that carry the value: padding holds the process's secrets.
    constexpr std::size_t significant = LDBL_MANT_DIG == 64 ? 10 : sizeof value;
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    if constexpr (LDBL_MANT_DIG == 64) {
      const bool small = bytes[8] == 0 && (bytes[9] & 0x7f) == 0;
      if (!small && (bytes[7] & 0x80) == 0) fail("a long double whose bits are no number");
    }
    const auto narrow = static_cast<double>(value);
    if (std::isfinite(narrow) && static_cast<long double>(narrow) == value) return real(narrow);
    std::array<char, 2 * significant> text;
    for (std::size_t i = 0; i != significant; ++i) {
      const unsigned byte = bytes[significant - 1 - i];  // the highest first, as people write
      text[2 * i] = hex_digits[byte >> 4];
      text[2 * i + 1] = hex_digits[byte & 15];
    }
    begin_marker("ld");
    quoted({text.data(), text.size()});
    end_marker();
  }
}

void json_writer::quoted(std::string_view text) {
  begin_value();
  put("\"");
  escaped(text);
  put("\"");
}

void json_writer::escaped(std::string_view text) {
  if (all_plain(text)) return put(text);
  std::size_t start = 0;
  for (std::size_t i = 0; i != text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (plain[c] || c >= 0x80) continue;
    put(text.substr(start, i - start));
    start = i + 1;
    switch (c) {
      case '"':
        put("\\\"");
        break;
      case '\\':
        put("\\\\");
        break;
      case '\n':
        put("\\n");
        break;
      case '\r':
        put("\\r");
        break;
      case '\t':
        put("\\t");
        break;
      default: {
        const char escape[] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
        put({escape, sizeof escape});
      }
    }
  }
  put(text.substr(start));
}

bool json_writer::is_text(std::string_view bytes) noexcept {
  return core::valid_utf8(bytes);
}

void json_writer::text(std::string_view value) {
  if (attaches(value.size())) {
    auto bytes = std::as_bytes(std::span(value));
    auto owner = copy(bytes);
    return attach("sa", bytes, std::move(owner));
  }
  if (all_plain(value) || is_text(value))
    quoted(value);
  else
    base64("s", std::as_bytes(std::span(value)));
}

void json_writer::text(std::string_view value, std::shared_ptr<const void> owner) {
  if (attaches(value.size()))
    attach("sa", std::as_bytes(std::span(value)), std::move(owner));
  else
    text(value);
}

void json_writer::wide_text(const void* units, std::size_t count, std::size_t width) {
  std::string utf8;
  if (core::append_utf8(units, count, width, utf8)) {
    auto kept = std::make_shared<const std::string>(std::move(utf8));
    return text(*kept, kept);
  }
  base64(width == 2 ? "s16" : "s32", {static_cast<const std::byte*>(units), count * width});
}

void json_writer::bytes(std::span<const std::byte> value) {
  if (attaches(value.size())) {
    auto owner = copy(value);
    attach("ba", value, std::move(owner));
  } else {
    base64("b", value);
  }
}

void json_writer::bytes(std::span<const std::byte> value, std::shared_ptr<const void> owner) {
  if (attaches(value.size()))
    attach("ba", value, std::move(owner));
  else
    base64("b", value);
}

void json_writer::key(std::string_view name) {
  if (!all_plain(name) && !is_text(name)) fail("a key that is not UTF-8");
  begin_value();
  // One more `$`, so that nothing of the user's is ever taken for a marker.
  put(name.starts_with('$') ? "\"$" : "\"");
  escaped(name);
  put("\":");
  comma_ = false;
}

void json_writer::begin_marker(std::string_view name) {
  open('{');
  put("\"$");
  put(name);
  put("\":");
}

std::shared_ptr<const void> json_writer::copy(std::span<const std::byte>& bytes) const {
  std::shared_ptr<std::byte[]> made(new std::byte[bytes.size()]);
  std::memcpy(made.get(), bytes.data(), bytes.size());
  bytes = {made.get(), bytes.size()};
  return made;
}

void json_writer::base64(std::string_view marker, std::span<const std::byte> bytes) {
  begin_marker(marker);
  begin_value();
  put("\"");
  const std::size_t size = core::base64_size(bytes.size());
  core::write_base64(bytes, reinterpret_cast<char*>(body_.extend(size)));
  put("\"");
  end_marker();
}

void json_writer::attach(std::string_view marker, std::span<const std::byte> bytes,
                         std::shared_ptr<const void> owner) {
  if (bytes.size() > limits_.message_bytes)
    fail(std::to_string(bytes.size()) + " bytes exceed the largest message of " +
         std::to_string(limits_.message_bytes) + " (limits.message_bytes)");
  begin_marker(marker);
  unsigned_integer(attachments_.size());
  end_marker();
  attachments_.push_back({std::move(owner), bytes});
}

void json_writer::numbers(std::string_view code, std::span<const std::byte> bytes,
                          std::shared_ptr<const void> owner) {
  if (!owner) owner = copy(bytes);
  if (bytes.size() > limits_.message_bytes)
    fail(std::to_string(bytes.size()) + " bytes exceed the largest message of " +
         std::to_string(limits_.message_bytes) + " (limits.message_bytes)");
  begin_marker("a");
  begin_list();
  quoted(code);
  unsigned_integer(attachments_.size());
  end_list();
  end_marker();
  attachments_.push_back({std::move(owner), bytes});
}

void json_writer::binary(std::span<const std::byte> encoded) {
  if (attaches(encoded.size())) {
    auto owner = copy(encoded);
    attach("bin", encoded, std::move(owner));
  } else {
    base64("bin", encoded);
  }
}

void json_writer::reference(const std::shared_ptr<const detail::object_reference>& object,
                            std::string_view kind, std::string_view type) {
  if (!object) return null();
  if (!objects_) fail("objects cannot travel here");
  detail::named_object made{0, kind, type};
  try {
    made.handle = objects_->handle_of(object);
    if (type.empty()) objects_->describe(*object, made);
  } catch (const std::logic_error& why) {
    fail(why.what());
  }
  reference(made);
}

void json_writer::callable(std::shared_ptr<detail::callable> callee) {
  std::uint64_t name = 0;
  try {
    if (!objects_) throw std::logic_error("callbacks cannot travel here");
    name = objects_->name_of(std::move(callee));
  } catch (const std::logic_error& why) {
    fail(why.what());
  }
  begin_marker("call");
  unsigned_integer(name);
  end_marker();
}

void json_writer::share(const detail::shared_object& object) {
  if (!object.address) return null();
  if (!objects_) fail("objects cannot travel here");
  if (objects_->write_copy(*this, object)) return;
  detail::named_object made;
  try {
    made = objects_->share(object);
  } catch (const std::logic_error& why) {
    fail(why.what());
  }
  reference(made);
}

void json_writer::reference(const detail::named_object& object) {
  begin_marker("ref");
  unsigned_integer(object.handle);
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>("kind", object.kind),
        {"type", object.type}}) {
    if (value.empty()) continue;
    quoted(name);
    put(":");
    comma_ = false;
    quoted(is_text(value) ? value : "?");
  }
  end_marker();
}

void json_writer::mark_if_empty(std::size_t start) {
  if (start < body_.size() && body_.data()[start] == std::byte{','}) ++start;
  const std::string_view written = core::as_text(body_.view().subspan(start));
  constexpr std::string_view marker = "{\"$o\":";
  if (written != "null" && !written.starts_with(marker)) return;
  const std::size_t size = written.size();
  body_.extend(marker.size() + 1);
  std::byte* const at = body_.data() + start;
  std::memmove(at + marker.size(), at, size);
  std::memcpy(at, marker.data(), marker.size());
  at[marker.size() + size] = std::byte{'}'};
}

void json_writer::raw(std::string_view json) {
  literal(json);
}

}  // namespace glovebox
