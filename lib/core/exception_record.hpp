// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>
#include <glovebox/stack_trace.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace glovebox::core {

/// The nearest standard base of an exception. The numbers stand on the wire.
enum class standard_base : std::uint8_t {
  none,  // not derived from std::exception
  exception,
  logic_error,
  invalid_argument,
  domain_error,
  length_error,
  out_of_range,
  future_error,
  runtime_error,
  range_error,
  overflow_error,
  underflow_error,
  regex_error,
  system_error,
  ios_failure,
  filesystem_error,
  bad_alloc,
  bad_array_new_length,
  bad_cast,
  bad_any_cast,
  bad_typeid,
  bad_optional_access,
  bad_variant_access,
  bad_function_call,
  bad_weak_ptr,
  bad_exception,
};
inline constexpr standard_base last_standard_base = standard_base::bad_exception;

/// An exception as it travels.
struct exception_record {
  static constexpr int max_nesting = 16;
  static constexpr std::size_t max_frames = 64;

  std::string type;
  std::string name;  // under which a module binds the type (`vision.BadModel`); mostly empty
  standard_base base = standard_base::none;
  std::string message;
  std::string category;   // of the error_code; empty: it has none
  std::int32_t code = 0;  // also the code of a regex_error
  /// Where it was thrown: addresses, modules and offsets. Names are not looked up by the child.
  std::vector<stack_frame> stack;
  std::unique_ptr<exception_record> nested;
};

void encode(encoder& out, const exception_record& record);
/// \throws codec_error
exception_record decode_exception(decoder& in);

}  // namespace glovebox::core
