// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace glovebox::backtrace {

/// Of this machine, by their DWARF numbers.
#if defined(__x86_64__)
inline constexpr std::size_t register_count = 17;
inline constexpr std::size_t stack_pointer = 7;
inline constexpr std::size_t red_zone = 128;  ///< used by functions below their stack pointer
#elif defined(__aarch64__)
inline constexpr std::size_t register_count = 33;
inline constexpr std::size_t stack_pointer = 31;
inline constexpr std::size_t link_register = 30;
inline constexpr std::size_t red_zone = 0;
#else
#error "which registers does this machine have?"
#endif
inline constexpr std::size_t program_counter = register_count - 1;

inline bool are_known(std::span<const std::uint64_t> registers) {
  return registers.size() == register_count;
}

}  // namespace glovebox::backtrace
