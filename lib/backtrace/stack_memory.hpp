// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"
#include "backtrace/registers.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace glovebox::backtrace {

/// A word of a thread's stack, if it was copied.
inline std::optional<std::uint64_t> word_at(const captured_thread& thread, std::uint64_t address) {
  std::uint64_t word = 0;
  if (address < thread.stack_address) return std::nullopt;
  const std::uint64_t offset = address - thread.stack_address;
  if (offset > thread.stack.size() || thread.stack.size() - offset < sizeof word)
    return std::nullopt;
  std::memcpy(&word, thread.stack.data() + offset, sizeof word);
  return word;
}

/// Where the function returns to that was called a moment ago and has done nothing yet.
inline std::optional<std::uint64_t> fresh_return_address(const captured_thread& thread) {
#if defined(__x86_64__)
  return word_at(thread, thread.registers[stack_pointer]);
#else
  return thread.registers[link_register];
#endif
}

}  // namespace glovebox::backtrace
