// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

namespace glovebox::runtime {

/// Whether a pointer points into an argument's memory. One past its end does: functions return such
/// pointers, and dereference none.
inline bool points_into(std::span<const std::byte> memory, const void* place) noexcept {
  const std::less_equal<const void*> before;
  return memory.data() && before(memory.data(), place) &&
         before(place, memory.data() + memory.size());
}

/// A handle of it would outlive the memory.
[[noreturn]] inline void refuse_pointer_into(std::size_t argument) {
  throw std::runtime_error("the function returned a pointer into args[" + std::to_string(argument) +
                           "], whose memory ends with the call. Write void as the signature's "
                           "result, or ask for an offset (out_offset) instead of a handle");
}

}  // namespace glovebox::runtime
