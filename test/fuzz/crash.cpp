// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a crashed child's handler has left behind, up to where debug information would be read.
#include "backtrace/capture_process.hpp"
#include "backtrace/maps.hpp"
#include "backtrace/registers.hpp"
#include "backtrace/unwinder.hpp"
#include "fuzz/fuzz.hpp"

#include <fstream>
#include <iterator>
#include <memory>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using process::crash_record;

constexpr std::uint8_t real_maps = 1;    // this process's follow those of the input
constexpr std::uint8_t real_code = 2;    // the instruction is one of this program's
constexpr std::uint8_t other_sizes = 4;  // than what is there
constexpr std::uint8_t on_stack = 8;     // the stack pointer points into what is there

const std::string& own_maps() {
  static const std::string text = [] {
    std::ifstream file("/proc/self/maps");
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }();
  return text;
}

void set_registers(crash_record& record, input& from, std::uint8_t flags) {
  record.register_count = backtrace::register_count;
  for (std::size_t i = 0; i != backtrace::register_count; ++i)
    record.registers[i] = from.number<std::uint64_t>();
  if ((flags & real_code) != 0)
    record.registers[backtrace::program_counter] =
        reinterpret_cast<std::uint64_t>(&LLVMFuzzerTestOneInput) + from.byte();
}

// Always the same memory: there is much of it, and most of it is not written.
const crash_record& make_record(input& from) {
  static crash_record memory;
  crash_record* const record = std::construct_at(&memory);
  const std::uint8_t flags = from.byte();
  std::string maps(text_of(from.take(from.number<std::uint16_t>())));
  if ((flags & real_maps) != 0) maps += own_maps();
  record->maps_size = static_cast<std::uint32_t>(maps.copy(record->maps, crash_record::maps_bytes));
  set_registers(*record, from, flags);
  record->stack_address = from.number<std::uint64_t>();
  if ((flags & other_sizes) != 0) {
    record->register_count = from.number<std::uint32_t>();
    record->maps_size = from.number<std::uint32_t>();
    record->stack_size = from.number<std::uint32_t>();
  }
  if ((flags & on_stack) != 0)
    record->registers[backtrace::stack_pointer] = record->stack_address + from.byte();
  const view stack = from.rest();
  const std::size_t size = std::min<std::size_t>(stack.size(), crash_record::stack_bytes);
  std::copy_n(stack.begin(), size, record->stack);
  if ((flags & other_sizes) == 0) record->stack_size = static_cast<std::uint32_t>(size);
  return *record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const backtrace::capture taken = backtrace::from_record(make_record(from));
  require(taken.threads.size() == 1, "a record is of one thread");
  const backtrace::captured_thread& thread = taken.threads.front();
  require(thread.registers.size() <= crash_record::most_registers, "too many registers");
  require(thread.stack.size() <= crash_record::stack_bytes, "too much stack");
  require(thread.stack_address <= UINT64_MAX - thread.stack.size(), "a stack beyond all addresses");
  const auto traces = backtrace::plain_traces(taken, "note");
  require(traces.size() == 1 && traces[0].frames.size() <= 2, "another number of frames");
  if (backtrace::are_known(thread.registers))
    require(!traces[0].frames.empty() &&
                traces[0].frames[0].address == thread.registers[backtrace::program_counter],
            "a frame elsewhere");
  else
    require(!traces[0].note.empty(), "no word about registers that are not there");
  return 0;
}
