// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the tests look at with glovebox-backtrace: crashes, or hangs, in three nested functions.
// Its lines are found by the remarks behind them. The crash record is descriptor 4; it says `r` on
// its standard output when there is something to be seen.
#include "process/crash_record.hpp"
#include "subject_library.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <latch>
#include <string_view>
#include <thread>

namespace {

using glovebox::process::crash_record;

crash_record* record = nullptr;

void say_ready() {
  (void)!::write(1, "r", 1);
}

std::uint32_t read_all(const char* path, std::uint64_t from, void* to, std::size_t most) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  std::size_t have = 0;
  while (have != most) {
    const ssize_t got =
        ::pread(file, static_cast<char*>(to) + have, most - have, static_cast<off_t>(from + have));
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  ::close(file);
  return static_cast<std::uint32_t>(have);
}

void on_crash(int number, siginfo_t*, void* context) {
  record->thread = static_cast<std::uint32_t>(::gettid());
  record->waits = 1;
  const mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  constexpr int order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                           REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                           REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (const int each : order)
    record->registers[record->register_count++] = static_cast<std::uint64_t>(machine.gregs[each]);
  record->stack_address = static_cast<std::uint64_t>(machine.gregs[REG_RSP]) - 128;
#else
  for (const auto each : machine.regs) record->registers[record->register_count++] = each;
  record->registers[record->register_count++] = machine.sp;
  record->registers[record->register_count++] = machine.pc;
  record->stack_address = machine.sp;
#endif
  record->maps_size = read_all("/proc/self/maps", 0, record->maps, sizeof record->maps);
  record->stack_size =
      read_all("/proc/self/mem", record->stack_address, record->stack, sizeof record->stack);
  record->signal_number = static_cast<std::uint32_t>(number);
  say_ready();
  for (;;) ::pause();
}

void catch_crashes() {
  record = static_cast<crash_record*>(
      ::mmap(nullptr, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, 4, 0));
  static char other_stack[64 * 1024];
  stack_t stack{};
  stack.ss_sp = other_stack;
  stack.ss_size = sizeof other_stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, nullptr);
}

}  // namespace

namespace subject {

volatile int counter = 0;
int* volatile nowhere = nullptr;
void (*volatile no_function)() = reinterpret_cast<void (*)()>(0x10);

[[gnu::noipa]] int innermost(std::string_view what) {
  if (what == "crash") *nowhere = 1;  // crashes
  if (what == "wild") {
    no_function();  // jumps
    counter = counter + 1;
  }
  if (what == "sleep") {
    say_ready();
    ::pause();  // sleeps
    counter = counter + 1;
  }
  if (what == "loop") {
    say_ready();
    for (;;) counter = counter + 1;  // loops
  }
  return counter;
}

namespace {
[[gnu::always_inline]] inline int inlined(std::string_view what) {
  return innermost(what) + counter;  // calls innermost
}
}  // namespace

struct holder {
  [[gnu::noipa]] static int middle(std::string_view what) {
    return inlined(what) + counter;  // calls inlined
  }
};

[[gnu::noipa]] void outermost(std::string_view what) {
  counter = holder::middle(what) + 1;  // calls middle
}

[[gnu::noipa]] int recurse(int depth) {
  volatile char filled[500] = {};
  if (depth == 0) return 0;
  return recurse(depth + 1) + filled[depth % 500];  // recurses
}

[[gnu::noipa]] void waiting_thread(std::latch& started) {
  started.count_down();
  for (;;) ::pause();  // waits
}

}  // namespace subject

int main(int argc, char** argv) {
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  std::string_view what = argc > 1 ? argv[1] : "";
  if (what != "sleep" && what != "loop") catch_crashes();
  if (what == "threads") {
    std::latch started(2);
    for (int i = 0; i != 2; ++i) std::thread([&] { subject::waiting_thread(started); }).detach();
    started.wait();
    what = "crash";
    subject::outermost(what);
  }
  if (what == "overflow") return subject::recurse(1);
  if (what == "library")
    subject_library_call([] { subject::outermost("crash"); });  // calls the library
  subject::outermost(what);
  return subject::counter;
}
