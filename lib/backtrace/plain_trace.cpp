// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/maps.hpp"
#include "backtrace/module_file.hpp"
#include "backtrace/stack_memory.hpp"
#include "backtrace/unwinder.hpp"

#include <utility>

namespace glovebox::backtrace {
namespace {

stack_frame plain_frame(const capture& taken, std::uint64_t address) {
  stack_frame frame;
  frame.address = address;
  const mapping* const found = find_mapping(taken.mappings, address);
  if (!found || !found->executable || found->path.empty()) return frame;
  frame.module = found->path;
  const opened_file module = open_module(*found);
  if (!module.file) return frame;
  frame.offset =
      linked_address(module.file, address - found->from + found->file_offset).value_or(0);
  return frame;
}

bool is_code(const capture& taken, std::uint64_t address) {
  const mapping* const found = find_mapping(taken.mappings, address);
  return found && found->executable;
}

}  // namespace

thread_trace plain_trace(const capture& taken, const captured_thread& thread, std::string note) {
  thread_trace trace;
  trace.tid = thread.tid;
  trace.name = thread.name;
  trace.state = thread.state;
  trace.note = thread.note.empty() ? std::move(note) : thread.note;
  if (!are_known(thread.registers)) {
    if (thread.note.empty()) trace.note = "its registers are not known";
    return trace;
  }
  const std::uint64_t at = thread.registers[program_counter];
  trace.frames.push_back(plain_frame(taken, at));
  if (!is_code(taken, at)) {
    const auto caller = fresh_return_address(thread);
    if (caller && *caller != 0 && is_code(taken, *caller - 1))
      trace.frames.push_back(plain_frame(taken, *caller - 1));
  }
  return trace;
}

std::vector<thread_trace> plain_traces(const capture& taken, const std::string& note) {
  std::vector<thread_trace> traces;
  for (const captured_thread& each : taken.threads)
    traces.push_back(plain_trace(taken, each, note));
  return traces;
}

}  // namespace glovebox::backtrace
