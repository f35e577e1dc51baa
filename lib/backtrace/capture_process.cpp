// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/capture_process.hpp"
#include "backtrace/maps.hpp"
#include "backtrace/proc_files.hpp"
#include "backtrace/registers.hpp"

#include <elf.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

namespace glovebox::backtrace {
namespace {

constexpr std::size_t page = 4096;  // a smaller one than the machine's does no harm
// A thread that others keep from running stops when its turn comes. Less than the parent waits.
constexpr auto patience = std::chrono::milliseconds(70);

// Appends to `to` what lies at `from`, until `bytes` are read or a page is not there.
void read_memory(pid_t tid, std::uint64_t from, std::size_t bytes, std::vector<std::byte>& to) {
  constexpr std::size_t most_pieces = 512;
  std::array<iovec, most_pieces> pieces;
  const std::size_t before = to.size();
  to.resize(before + bytes);
  std::size_t have = 0;
  while (have != bytes) {
    std::size_t count = 0, asked = 0;
    while (count != most_pieces && have + asked != bytes) {
      const std::uint64_t at = from + have + asked;
      const std::size_t size = std::min<std::size_t>(page - at % page, bytes - have - asked);
      // The kernel checks it; the address is that of another process.
      pieces[count++] = {reinterpret_cast<void*>(at), size};
      asked += size;
    }
    iovec here{to.data() + before + have, asked};
    const ssize_t got = ::process_vm_readv(tid, &here, 1, pieces.data(), count, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
    if (got < static_cast<ssize_t>(asked)) break;
  }
  to.resize(before + have);
}

std::vector<std::uint64_t> read_registers(pid_t tid) {
  user_regs_struct raw{};
  iovec where{&raw, sizeof raw};
  if (::ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &where) != 0 || where.iov_len != sizeof raw)
    return {};
#if defined(__x86_64__)
  return {raw.rax, raw.rdx, raw.rcx, raw.rbx, raw.rsi, raw.rdi, raw.rbp, raw.rsp, raw.r8,
          raw.r9,  raw.r10, raw.r11, raw.r12, raw.r13, raw.r14, raw.r15, raw.rip};
#else
  std::vector<std::uint64_t> registers(raw.regs, raw.regs + 31);
  registers.push_back(raw.sp);
  registers.push_back(raw.pc);
  return registers;
#endif
}

// Where to copy a stack from: it may have run into what is no memory, or no longer its own.
std::uint64_t stack_start(std::span<const mapping> mappings, std::uint64_t pointer) {
  const std::uint64_t wanted = pointer - std::min<std::uint64_t>(pointer, red_zone);
  constexpr std::uint64_t farthest = 16 * 1024 * 1024;
  for (const mapping& each : mappings) {
    if (each.to <= pointer || !each.readable) continue;
    if (each.from > pointer && each.from - pointer > farthest) break;
    return std::max(each.from, wanted);
  }
  return wanted;
}

}  // namespace

struct process_camera::subject {
  captured_thread seen;
  pid_t inner_tid = 0;  // as it is known in its own namespace
  char state = '?';
  bool attached = false;
  bool stopped = false;
  int signal = 0;  // it was about to get, when it was stopped
};

process_camera::process_camera(pid_t pid, int pidfd) : pid_(pid), pidfd_(pidfd) {}

std::vector<mapping> process_camera::mappings() const {
  constexpr std::size_t most = 4 * 1024 * 1024;
  return parse_maps(read_proc("/proc/" + std::to_string(pid_) + "/maps", most));
}

bool process_camera::is_alive() const {
  pollfd ended{pidfd_, POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

std::vector<process_camera::subject> process_camera::find_threads() const {
  std::vector<subject> found;
  for (const pid_t tid : thread_numbers(pid_, most_threads)) {
    subject& each = found.emplace_back();
    each.seen.tid = tid;
    describe(each);
  }
  return found;
}

void process_camera::describe(subject& each) const {
  const thread_status status = read_status(pid_, each.seen.tid);
  each.seen.name = status.name;
  each.seen.state = status.text;
  each.inner_tid = status.inner_tid;
  each.state = status.letter;
  if (status.tracer != 0)
    each.seen.note = "process " + std::to_string(status.tracer) + " traces it already";
}

void process_camera::stop(std::vector<subject>& all) const {
  for (subject& each : all) {
    if (!each.seen.note.empty()) continue;
    if (each.state == 'D') {
      // It would not stop, and whoever waits for its end would wait for ours.
      each.seen.note = "in the kernel, where it cannot be stopped";
    } else if (::ptrace(PTRACE_SEIZE, each.seen.tid, nullptr, nullptr) != 0) {
      each.seen.note = std::string("cannot be attached to: ") + std::strerror(errno);
    } else {
      each.attached = true;
      ::ptrace(PTRACE_INTERRUPT, each.seen.tid, nullptr, nullptr);
    }
  }
}

void process_camera::wait_for_stops(std::vector<subject>& all) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (bool late = false;;) {
    bool complete = true;
    for (subject& each : all) {
      if (!each.attached || each.stopped) continue;
      int status = 0;
      const pid_t got = ::waitpid(each.seen.tid, &status, __WALL | WNOHANG);
      if (got == each.seen.tid && WIFSTOPPED(status)) {
        each.stopped = true;
        // A signal was on its way to it: it gets that when it is let go.
        if (status >> 16 != PTRACE_EVENT_STOP) each.signal = WSTOPSIG(status);
      } else if (got != 0) {
        each.attached = false;
        each.seen.note = "has ended";
      } else {
        complete = false;
      }
    }
    if (complete || late) return;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    late = std::chrono::steady_clock::now() > until;
  }
}

void process_camera::copy(subject& each, std::span<const mapping> mappings) const {
  captured_thread& thread = each.seen;
  thread.registers = read_registers(thread.tid);
  if (!are_known(thread.registers)) {
    thread.registers.clear();
    thread.note = "its registers cannot be read";
    return;
  }
  thread.stack_address = stack_start(mappings, thread.registers[stack_pointer]);
  read_memory(thread.tid, thread.stack_address, stack_bytes, thread.stack);
}

void process_camera::let_go(std::vector<subject>& all) const {
  for (subject& each : all) {
    if (!each.attached) continue;
    if (each.stopped)
      ::ptrace(PTRACE_DETACH, each.seen.tid, nullptr, static_cast<std::intptr_t>(each.signal));
    else if (each.seen.note.empty())
      each.seen.note = "did not stop in time";
  }
}

void process_camera::take_threads(std::vector<subject>& all,
                                  std::span<const mapping> mappings) const {
  stop(all);
  // From now on its number cannot become another process's; it might have become one before.
  const bool is_it = is_alive();
  wait_for_stops(all);
  for (subject& each : all) {
    if (!is_it) {
      each.seen.registers.clear();
      each.seen.note = "the process has ended";
    } else if (each.stopped) {
      copy(each, mappings);
      if (&each == &all.front()) deepen(each.seen, mappings);
    }
  }
  let_go(all);
}

// The rest of a stack that is deeper than what is copied of each.
void process_camera::deepen(captured_thread& thread, std::span<const mapping> mappings) const {
  if (thread.stack.size() < stack_bytes / 2) return;
  const std::uint64_t end = thread.stack_address + thread.stack.size();
  const mapping* const stack = find_mapping(mappings, end - 1);
  if (!stack || stack->to <= end || thread.stack.size() >= deep_stack_bytes) return;
  const std::uint64_t more =
      std::min<std::uint64_t>(stack->to - end, deep_stack_bytes - thread.stack.size());
  read_memory(thread.tid, end, static_cast<std::size_t>(more), thread.stack);
}

// The record may lack the stack, when there was no memory where it was to begin.
void process_camera::look_closer(captured_thread& crashed,
                                 std::span<const mapping> mappings) const {
  captured_thread closer;
  closer.tid = crashed.tid;
  closer.stack_address = crashed.stack_address;
  closer.stack = crashed.stack;
  if (closer.stack.empty() && are_known(crashed.registers)) {
    closer.stack_address = stack_start(mappings, crashed.registers[stack_pointer]);
    read_memory(closer.tid, closer.stack_address, stack_bytes, closer.stack);
  }
  deepen(closer, mappings);
  if (!is_alive()) return;
  crashed.stack_address = closer.stack_address;
  crashed.stack = std::move(closer.stack);
}

capture process_camera::take() const {
  capture taken;
  taken.mappings = mappings();
  std::vector<subject> all = find_threads();
  take_threads(all, taken.mappings);
  for (subject& each : all) taken.threads.push_back(std::move(each.seen));
  return taken;
}

void process_camera::add_to(capture& crashed, bool others) const {
  if (!is_alive()) return;
  if (crashed.mappings.empty()) crashed.mappings = mappings();
  if (!others) return;
  std::vector<subject> all = find_threads();
  captured_thread& first = crashed.threads.front();
  const auto itself = std::find_if(
      all.begin(), all.end(), [&](const subject& each) { return each.inner_tid == first.tid; });
  if (itself != all.end()) {
    first.tid = itself->seen.tid;
    first.name = itself->seen.name;
    look_closer(first, crashed.mappings);
    all.erase(itself);
  }
  take_threads(all, crashed.mappings);
  for (subject& each : all) crashed.threads.push_back(std::move(each.seen));
}

// So that the memory, and the code for it, are there when it matters.
void process_camera::take_aim() const {
  std::vector<std::byte> memory;
  read_memory(::getpid(), reinterpret_cast<std::uintptr_t>(&memory), stack_bytes, memory);
  mappings();
  find_threads();
}

}  // namespace glovebox::backtrace
