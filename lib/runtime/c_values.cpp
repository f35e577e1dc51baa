// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/c_values.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace glovebox::runtime {
namespace {

using kind = c_type::kind;

[[noreturn]] void refuse(const c_type& type, const c_value& value) {
  throw std::invalid_argument(std::string(kind_of(value)) + " is no " + to_string(type));
}
[[noreturn]] void out_of_range(const c_type& type, const std::string& number) {
  throw std::out_of_range(number + " is out of the range of " + to_string(type));
}

template <class T>
void put(T value, c_slot& to) {
  std::memcpy(to.bytes, &value, sizeof value);
}

template <class T>
void store_integer(const c_type& type, const c_value& value, c_slot& to) {
  const auto convert = [&](auto number) {
    if (!std::in_range<T>(number)) out_of_range(type, std::to_string(number));
    put(static_cast<T>(number), to);
  };
  if (const auto* const number = std::get_if<std::int64_t>(&value))
    convert(*number);
  else if (const auto* const natural = std::get_if<std::uint64_t>(&value))
    convert(*natural);
  else
    refuse(type, value);
}

// An integer that the type would round is refused.
template <class T, class Integer>
T exactly(const c_type& type, Integer number) {
  const T converted = static_cast<T>(number);
  // 2^63 or 2^64: what rounding up may reach, and the way back would be undefined.
  constexpr T end = static_cast<T>(std::numeric_limits<Integer>::max() / 2 + 1) * 2;
  if (converted >= end || static_cast<Integer>(converted) != number)
    throw std::out_of_range(std::to_string(number) + " would be rounded to a " + to_string(type));
  return converted;
}

// A fraction is rounded, as an assignment in C does; but no number becomes infinite.
template <class T, class Fraction>
T nearest(const c_type& type, Fraction number) {
  const T converted = static_cast<T>(number);
  if (std::isfinite(number) && !std::isfinite(converted))
    out_of_range(type, std::to_string(number));
  return converted;
}

template <class T>
void store_floating(const c_type& type, const c_value& value, c_slot& to) {
  if (const auto* const number = std::get_if<double>(&value))
    put(nearest<T>(type, *number), to);
  else if (const auto* const longer = std::get_if<long double>(&value))
    put(nearest<T>(type, *longer), to);
  else if (const auto* const integer = std::get_if<std::int64_t>(&value))
    put(exactly<T>(type, *integer), to);
  else if (const auto* const natural = std::get_if<std::uint64_t>(&value))
    put(exactly<T>(type, *natural), to);
  else
    refuse(type, value);
}

void store_pointer(const c_type& type, const c_value& value, c_slot& to) {
  if (std::holds_alternative<std::nullptr_t>(value)) {
    put<void*>(nullptr, to);
    return;
  }
  const auto* const pointer = std::get_if<c_pointer>(&value);
  if (!pointer) refuse(type, value);
  const std::string wanted = pointee_name(type);
  if (wanted != "void" && pointer->type != "void" && pointer->type != wanted)
    throw std::invalid_argument("a pointer to " + pointer->type + " is no " + to_string(type));
  if (pointer->constant && !type.target->constant && pointer->address)
    throw std::invalid_argument("what the pointer points to is const, and " + to_string(type) +
                                " may be written through");
  put(pointer->address, to);
}

template <class T>
T take(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::int64_t take_signed(std::size_t size, const void* from) {
  switch (size) {
    case 1:
      return take<std::int8_t>(from);
    case 2:
      return take<std::int16_t>(from);
    case 4:
      return take<std::int32_t>(from);
    default:
      return take<std::int64_t>(from);
  }
}
std::uint64_t take_unsigned(std::size_t size, const void* from) {
  switch (size) {
    case 1:
      return take<std::uint8_t>(from);
    case 2:
      return take<std::uint16_t>(from);
    case 4:
      return take<std::uint32_t>(from);
    default:
      return take<std::uint64_t>(from);
  }
}

c_value load_pointer(const c_type& type, void* pointer) {
  if (!pointer) return nullptr;
  if (type.is_text()) return std::string(static_cast<const char*>(pointer));
  return c_pointer{pointer, pointee_name(type), type.target->constant};
}

}  // namespace

std::string pointee_name(const c_type& pointer) {
  c_type target = *pointer.target;
  target.constant = false;
  return to_string(target);
}

void store(const c_type& type, const c_value& value, c_slot& to) {
  switch (type.what) {
    case kind::boolean:
      if (!std::holds_alternative<bool>(value)) refuse(type, value);
      return put(std::get<bool>(value), to);
    case kind::signed_integer:
      switch (type.size) {
        case 1:
          return store_integer<std::int8_t>(type, value, to);
        case 2:
          return store_integer<std::int16_t>(type, value, to);
        case 4:
          return store_integer<std::int32_t>(type, value, to);
        default:
          return store_integer<std::int64_t>(type, value, to);
      }
    case kind::unsigned_integer:
      switch (type.size) {
        case 1:
          return store_integer<std::uint8_t>(type, value, to);
        case 2:
          return store_integer<std::uint16_t>(type, value, to);
        case 4:
          return store_integer<std::uint32_t>(type, value, to);
        default:
          return store_integer<std::uint64_t>(type, value, to);
      }
    case kind::floating:
      if (type.size == sizeof(float)) return store_floating<float>(type, value, to);
      if (type.size == sizeof(double)) return store_floating<double>(type, value, to);
      return store_floating<long double>(type, value, to);
    case kind::pointer:
      return store_pointer(type, value, to);
    case kind::nothing:
      return;  // a callback that returns nothing may return anything
    default:
      throw std::logic_error("no value is a " + to_string(type));
  }
}

c_value load(const c_type& type, const void* from) {
  switch (type.what) {
    case kind::boolean:
      return take<unsigned char>(from) != 0;
    case kind::signed_integer:
      return take_signed(type.size, from);
    case kind::unsigned_integer:
      return take_unsigned(type.size, from);
    case kind::floating:
      if (type.size == sizeof(float)) return static_cast<double>(take<float>(from));
      if (type.size == sizeof(double)) return take<double>(from);
      return take<long double>(from);
    case kind::pointer:
      return load_pointer(type, take<void*>(from));
    default:
      return std::monostate();
  }
}

std::string_view kind_of(const c_value& value) noexcept {
  constexpr std::string_view names[] = {"nothing",
                                        "a null pointer",
                                        "a bool",
                                        "an integer",
                                        "an integer",
                                        "a floating-point number",
                                        "a floating-point number",
                                        "a string",
                                        "bytes",
                                        "a pointer"};
  static_assert(std::size(names) == std::variant_size_v<c_value>);
  return names[value.index()];
}

}  // namespace glovebox::runtime
