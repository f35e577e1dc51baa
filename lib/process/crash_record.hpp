// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace glovebox::process {

/// What a child's crash leaves behind: part of the flight recorder, written by a signal handler.
/// All of it is the child's to write at any time; whoever reads it copies it out once, then checks.
struct crash_record {
  static constexpr std::uint32_t most_registers = 40;
  static constexpr std::uint32_t message_bytes = 4 * 1024;
  static constexpr std::uint32_t maps_bytes = 128 * 1024;
  static constexpr std::uint32_t stack_bytes = 256 * 1024;

  /// Stored when what stands up to the registers is there; 0: no crash. The rest follows, each
  /// part with its size last.
  std::atomic<std::uint32_t> signal_number;
  std::int32_t signal_code;
  std::int32_t signal_sender;  ///< `si_pid`, 0 for a fault
  std::uint64_t signal_address;

  std::atomic<std::uint32_t> thread;  ///< its number; who puts it here first writes the record
  /// Whether the thread waits, for a moment, to be looked at before it lets the signal do its work.
  std::uint32_t waits;
  std::atomic<std::uint32_t> released;  ///< set, and its waiter woken (futex(2)), by the parent

  /// The thread's registers by their DWARF numbers, the address of the instruction last:
  /// x86-64: rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 ... r15, rip (17);
  /// AArch64: x0 ... x30, sp, pc (33).
  std::uint32_t register_count;
  std::uint64_t registers[most_registers];

  std::uint32_t message_size;  ///< what the C library, or std::terminate, had to say
  char message[message_bytes];
  std::uint32_t maps_size;  ///< /proc/self/maps, perhaps without its last lines
  char maps[maps_bytes];
  std::uint64_t stack_address;  ///< of the first byte of `stack`, at or below the stack pointer
  std::uint32_t stack_size;
  alignas(16) std::byte stack[stack_bytes];
};

/// A number that the child may change at any time, read once.
template <class T>
T copied(const T& number) noexcept {
  return std::atomic_ref(const_cast<T&>(number)).load(std::memory_order_relaxed);
}

/// Calls `take(offset, size)` for the parts of a record that were used, until it returns false: for
/// copies of it, as pages that nobody has touched cost time as well. How long a part is is looked
/// at after those before it were taken.
/// \returns whether all were taken
template <class Take>
bool take_used_parts(const crash_record& record, Take take) {
  constexpr std::size_t maps = offsetof(crash_record, maps);
  constexpr std::size_t behind_maps = maps + crash_record::maps_bytes;
  constexpr std::size_t stack = offsetof(crash_record, stack);
  const auto size = [](const std::uint32_t& used, std::uint32_t most) -> std::size_t {
    return std::min(copied(used), most);
  };
  return take(std::size_t{0}, maps) &&
         take(maps, size(record.maps_size, crash_record::maps_bytes)) &&
         take(behind_maps, stack - behind_maps) &&
         take(stack, size(record.stack_size, crash_record::stack_bytes));
}

}  // namespace glovebox::process
