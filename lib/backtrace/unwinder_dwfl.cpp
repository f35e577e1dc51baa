// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/dwfl_modules.hpp"
#include "backtrace/maps.hpp"
#include "backtrace/stack_memory.hpp"
#include "backtrace/symbols.hpp"
#include "backtrace/unwinder.hpp"

#include "core/trace_codec.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <deque>
#include <utility>

namespace glovebox::backtrace {
namespace {

// Frames of one thread that are told, fewer when there are many threads: of a deep recursion its
// two ends matter.
constexpr std::size_t most_frames = 64;
constexpr std::size_t fewest_frames = 4;
// And how far the outer end is looked for.
constexpr std::size_t most_steps = 200'000;
constexpr double most_walk_seconds = 1;

constexpr pid_t any_thread = 1;  // libdw asks for a number, but it is looked at only by us

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

double seconds_used() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The way out of one thread's functions.
class walk {
 public:
  walk(const capture& taken, const captured_thread& thread, std::size_t room)
      : taken_(taken),
        thread_(thread),
        registers_(thread.registers),
        innermost_(room - room / 4),
        outermost_(room / 4) {}

  void run(Dwfl* dwfl) {
    start_behind_wild_jump();
    until_ = seconds_used() + most_walk_seconds;
    const int result = dwfl_getthread_frames(dwfl, any_thread, on_frame, this);
    if (!note_.empty()) return;
    // libdw takes a return address that it could not read for one that is said not to exist.
    if (missed_memory_)
      note_ = "the stack's bytes at " + hexadecimal(missed_address_) + " are not known";
    else if (result == -1)
      note_ = "no way to find the caller of " + hexadecimal(last_);
  }

  // Of the instructions that were being executed, the innermost first.
  const std::vector<std::uint64_t>& inner() const { return inner_; }
  const std::deque<std::uint64_t>& outer() const { return outer_; }
  std::string note() const {
    std::string text = note_;
    if (left_out_ == 0) return text;
    if (!text.empty()) text += "; ";
    return text + std::to_string(left_out_) + " frames are left out after the first " +
           std::to_string(inner_.size());
  }

  const captured_thread& thread() const { return thread_; }
  const std::vector<std::uint64_t>& registers() const { return registers_; }

  bool read(std::uint64_t address, std::uint64_t& word) {
    const auto found = word_at(thread_, address);
    missed_memory_ = !found;
    missed_address_ = address;
    if (found) word = *found;
    return found.has_value();
  }

 private:
  bool is_code(std::uint64_t address) const {
    const mapping* const found = find_mapping(taken_.mappings, address);
    return found && found->executable;
  }

  // A call of what is no code leaves its return address behind, where a function would find it; so
  // it goes on as if that had just returned.
  void start_behind_wild_jump() {
    const std::uint64_t at = registers_[program_counter];
    if (is_code(at)) return;
    const auto caller = fresh_return_address(thread_);
    if (!caller || *caller == 0 || !is_code(*caller - 1)) return;
    add(at);
#if defined(__x86_64__)
    registers_[stack_pointer] += sizeof(std::uint64_t);
#endif
    // In the call, not behind it, where another function may begin.
    registers_[program_counter] = *caller - 1;
  }

  static int on_frame(Dwfl_Frame* frame, void* self) {
    return static_cast<walk*>(self)->step(frame);
  }

  int step(Dwfl_Frame* frame) {
    missed_memory_ = false;
    Dwarf_Addr at = 0;
    bool exact = true;
    if (!dwfl_frame_pc(frame, &at, nullptr)) return DWARF_CB_ABORT;
    const bool first = std::exchange(first_, false);
    if (first) {
      at = registers_[program_counter];
    } else {
      if (at == 0) return DWARF_CB_ABORT;  // so ends a chain of frame pointers
      dwfl_frame_pc(frame, &at, &exact);
      if (!exact) --at;
      if (!is_code(at)) {
        note_ = "the next return address, " + hexadecimal(at + 1) + ", is in no code";
        return DWARF_CB_ABORT;
      }
    }
    add(at);
    if (steps_++ == most_steps || (steps_ % 256 == 0 && seconds_used() > until_)) {
      note_ = "there are more frames";
      return DWARF_CB_ABORT;
    }
    return DWARF_CB_OK;
  }

  void add(std::uint64_t address) {
    last_ = address;
    if (inner_.size() != innermost_) {
      inner_.push_back(address);
      return;
    }
    outer_.push_back(address);
    if (outer_.size() <= outermost_) return;
    outer_.pop_front();
    ++left_out_;
  }

  const capture& taken_;
  const captured_thread& thread_;
  std::vector<std::uint64_t> registers_;
  std::size_t innermost_, outermost_;
  std::vector<std::uint64_t> inner_;
  std::deque<std::uint64_t> outer_;
  std::size_t left_out_ = 0, steps_ = 0;
  bool first_ = true;
  double until_ = 0;
  std::uint64_t last_ = 0;
  bool missed_memory_ = false;
  std::uint64_t missed_address_ = 0;
  std::string note_;
};

// --- what libdw asks
// ------------------------------------------------------------------------------

// The one that is being walked.
walk* current_walk = nullptr;

pid_t next_thread(Dwfl*, void*, void**) {
  return 0;
}

bool get_thread(Dwfl*, pid_t, void*, void** thread) {
  *thread = current_walk;
  return current_walk != nullptr;
}

bool memory_read(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void*) {
  std::uint64_t word = 0;
  if (!current_walk || !current_walk->read(address, word)) return false;
  *result = word;
  return true;
}

bool set_initial_registers(Dwfl_Thread* thread, void* argument) {
  const std::vector<std::uint64_t>& registers = static_cast<walk*>(argument)->registers();
#if defined(__x86_64__)
  constexpr unsigned numbered = register_count;
#else
  constexpr unsigned numbered = register_count - 1;
  dwfl_thread_state_register_pc(thread, registers[program_counter]);
#endif
  return dwfl_thread_state_registers(thread, 0, numbered, registers.data());
}

constexpr Dwfl_Thread_Callbacks thread_callbacks{next_thread,           get_thread, memory_read,
                                                 set_initial_registers, nullptr,    nullptr};

thread_trace trace_of(const capture& taken, const captured_thread& thread, std::size_t room,
                      dwfl_modules& modules) {
  thread_trace trace = plain_trace(taken, thread, "");
  if (!are_known(thread.registers)) return trace;
  trace.frames.clear();
  walk way(taken, thread, room);
  current_walk = &way;
  way.run(modules.get());
  current_walk = nullptr;
  symbols names(modules);
  std::string unreadable;
  for (const std::uint64_t address : way.inner())
    names.append(address, find_mapping(taken.mappings, address), trace.frames, unreadable);
  for (const std::uint64_t address : way.outer())
    names.append(address, find_mapping(taken.mappings, address), trace.frames, unreadable);
  for (const std::string& note : {way.note(), unreadable}) {
    if (note.empty()) continue;
    if (!trace.note.empty()) trace.note += "; ";
    trace.note += note;
  }
  return trace;
}

}  // namespace

std::vector<thread_trace> unwind(const capture& taken, const progress& on_progress) {
  std::vector<thread_trace> traces =
      plain_traces(taken, "its module's debug information could not be read");
  on_progress(traces);
  dwfl_modules modules(taken.mappings);
  if (!dwfl_attach_state(modules.get(), modules.machine(), any_thread, &thread_callbacks, nullptr))
    return traces;
  std::size_t left = core::trace_limits::frames;
  for (std::size_t i = 0; i != traces.size(); ++i) {
    const std::size_t room =
        std::clamp(left / (i == 0 ? 1 : traces.size() - i), fewest_frames, most_frames);
    traces[i] = trace_of(taken, taken.threads[i], room, modules);
    left -= std::min(left, traces[i].frames.size());
    if (i + 1 != traces.size()) on_progress(traces);
  }
  return traces;
}

}  // namespace glovebox::backtrace
