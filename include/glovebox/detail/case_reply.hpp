// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace glovebox::detail {

/// What a child answers to a case. Exceptions are part of it, so that they come with their
/// measurements.
struct case_reply {
  enum class ending : std::uint8_t { returned, threw, no_memory };
  std::uint8_t end = 0;
  std::uint64_t elapsed = 0;      // [ns]
  std::uint64_t peak_memory = 0;  // [bytes], 0: not measured
  std::string type;               // of the exception
  std::string text;               // of the result, or the exception's message
};
BOOST_DESCRIBE_STRUCT(case_reply, (), (end, elapsed, peak_memory, type, text))

}  // namespace glovebox::detail
