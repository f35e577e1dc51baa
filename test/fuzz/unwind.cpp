// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Unwinding a stack of any content through a library that is really there: this process's own
// libc, of which the files that the input cannot name are opened.
#include "backtrace/maps.hpp"
#include "backtrace/registers.hpp"
#include "backtrace/unwinder.hpp"
#include "core/trace_codec.hpp"
#include "fuzz/fuzz.hpp"

#include <fstream>
#include <iterator>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;

// The library that the C library's functions are in, and nothing else.
const std::vector<backtrace::mapping>& library() {
  static const std::vector<backtrace::mapping> kept = [] {
    std::ifstream file("/proc/self/maps");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::vector<backtrace::mapping> all = backtrace::parse_maps(text);
    std::erase_if(all, [](const backtrace::mapping& each) {
      return each.path.find("/libc.so") == each.path.npos &&
             each.path.find("/libc-") == each.path.npos;
    });
    return all;
  }();
  return kept;
}

// A number as it stands, or an address in the library or on the stack.
std::uint64_t word(input& from, std::uint64_t stack) {
  switch (from.byte() % 4) {
    case 0:
      return from.number<std::uint64_t>();
    case 1:
      return stack + from.number<std::uint16_t>();
    case 2:
      return from.byte();
    default:
      return (library().empty() ? 0 : library().front().from) +
             from.number<std::uint32_t>() % (2u << 20);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  constexpr std::uint64_t stack_address = 0x7ff000000000;
  backtrace::capture taken;
  taken.mappings = library();
  backtrace::captured_thread& thread = taken.threads.emplace_back();
  thread.tid = 1;
  thread.stack_address = stack_address;
  for (std::size_t i = 0; i != backtrace::register_count; ++i)
    thread.registers.push_back(word(from, stack_address));
  while (!from.empty() && thread.stack.size() < 64 * 1024) {
    const std::uint64_t next = word(from, stack_address);
    const auto* const first = reinterpret_cast<const std::byte*>(&next);
    thread.stack.insert(thread.stack.end(), first, first + sizeof next);
  }
  bool told = false;
  const auto traces =
      backtrace::unwind(taken, [&](const std::vector<thread_trace>&) { told = true; });
  require(told, "nothing was said before the unwinding");
  require(traces.size() == 1, "another number of threads");
  require(traces[0].frames.size() <= core::trace_limits::frames, "too many frames");
  const auto sent = core::decode_traces(core::encode(traces));
  require(sent && sent->size() == 1 && (*sent)[0].frames.size() == traces[0].frames.size(),
          "a trace that cannot be sent");
  return 0;
}
