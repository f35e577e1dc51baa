// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Functions that fail in every way, three of their own deep, as optimised code is: inlining is
// forbidden where the test counts frames. The test looks the marked lines up in this file.
#include <glovebox/module.hpp>

#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#undef NDEBUG  // assertions are part of this
#include <cassert>

#define GLOVEBOX_TEST_APART __attribute__((noinline, noclone))

namespace failing {

// Keeps the calls from becoming jumps, and their results in use.
volatile int sink = 0;
volatile int zero = 0;
int* volatile nowhere = nullptr;

GLOVEBOX_TEST_APART int inner_null(int n) {
  return *nowhere + n;  // mark: inner_null
}
GLOVEBOX_TEST_APART int middle_null(int n) {
  sink = inner_null(n + 1);  // mark: middle_null
  return sink + 1;
}
GLOVEBOX_TEST_APART int null_dereference(int n, const std::string&) {
  sink = middle_null(n + 1);  // mark: null_dereference
  return sink + 1;
}

[[gnu::always_inline]] inline void inlined_innermost(int n) {
  sink = n / zero;  // mark: inlined_innermost
}
[[gnu::always_inline]] inline void inlined_around(int n) {
  sink = n;
  inlined_innermost(n);  // mark: inlined_around
  sink = n;
}
GLOVEBOX_TEST_APART int inlined() {
  inlined_around(sink);  // mark: inlined
  return sink + 1;
}

using function = int (*)();
function volatile wild = reinterpret_cast<function>(0x123450);
GLOVEBOX_TEST_APART int wild_jump() {
  sink = wild();  // mark: wild_jump
  return sink + 1;
}

GLOVEBOX_TEST_APART int stack_overflow(int n) {
  if (n < zero) return n;  // which it never is
  volatile char room[256];
  room[0] = static_cast<char>(n);
  const int deeper = stack_overflow(n + 1);  // mark: stack_overflow
  return deeper + room[0];
}

GLOVEBOX_TEST_APART void aborted() {
  std::abort();  // mark: aborted
}

GLOVEBOX_TEST_APART void double_free() {
  void* volatile memory = std::malloc(64);
  std::free(memory);
  std::free(memory);  // mark: double_free
  sink = 1;
}

GLOVEBOX_TEST_APART int divided(int n) {
  return n / zero;  // mark: divided
}

GLOVEBOX_TEST_APART void illegal() {
  __builtin_trap();  // mark: illegal
}

struct unusual_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
GLOVEBOX_TEST_APART void throw_unusual(int n) {
  throw unusual_error("not expected: " + std::to_string(n));  // mark: throw_unusual
}
GLOVEBOX_TEST_APART void uncaught(int n) noexcept {
  throw_unusual(n);  // mark: uncaught
  sink = 1;
}

GLOVEBOX_TEST_APART void asserted(int n) {
  assert(n == 4711);  // mark: asserted
  sink = 1;
}

GLOVEBOX_TEST_APART void crash_in_thread() {
  std::thread([] { sink = inner_null(1); }).join();  // mark: crash_in_thread
}

// What the handler reads is not there: the stack pointer itself is wrong.
GLOVEBOX_TEST_APART void crash_in_handler() {
#if defined(__x86_64__)
  asm volatile("mov $16, %%rsp\n\tmovl $0, 0" ::: "memory");
#else
  std::abort();
#endif
}

GLOVEBOX_TEST_APART void raised(int signal) {
  std::raise(signal);  // mark: raised
  sink = 1;
}

GLOVEBOX_TEST_APART int busy_loop() {
  while (zero == 0) sink = sink + 1;  // mark: busy_loop
  return sink;
}
GLOVEBOX_TEST_APART int hang_in_loop() {
  sink = busy_loop();  // mark: hang_in_loop
  return sink + 1;
}
GLOVEBOX_TEST_APART void hang_in_clock() {
  while (std::chrono::steady_clock::now().time_since_epoch().count() != zero) {
  }  // mark: hang_in_clock
}
GLOVEBOX_TEST_APART void hang_in_sleep() {
  for (;;) ::pause();  // mark: hang_in_sleep
}
GLOVEBOX_TEST_APART void hang_in_thread() {
  std::thread([] { sink = busy_loop(); }).join();
}
GLOVEBOX_TEST_APART void hang_stopped() {
  ::raise(SIGSTOP);
  sink = 1;
}

GLOVEBOX_TEST_APART void throw_three_deep(int n) {
  if (n == 0) throw std::out_of_range("thrown");  // mark: throw_three_deep
  throw_three_deep(n - 1);
  sink = 1;
}
GLOVEBOX_TEST_APART void throw_nested() {
  try {
    throw_three_deep(2);
  } catch (...) {
    std::throw_with_nested(unusual_error("outer"));  // mark: throw_nested
  }
}
GLOVEBOX_TEST_APART void throw_elsewhere() {
  std::async(std::launch::async, [] { throw_three_deep(0); }).get();
}

}  // namespace failing

#define FAILING_MODULE(name, m) GLOVEBOX_MODULE(name, m)
FAILING_MODULE(NAME, m) {
  using namespace failing;
  m.def("null_dereference", &null_dereference);
  m.def("inlined", &inlined);
  m.def("wild_jump", &wild_jump);
  m.def("stack_overflow", &stack_overflow);
  m.def("aborted", &aborted);
  m.def("double_free", &double_free);
  m.def("divided", &divided);
  m.def("illegal", &illegal);
  m.def("uncaught", &uncaught);
  m.def("asserted", &asserted);
  m.def("crash_in_thread", &crash_in_thread);
  m.def("crash_in_handler", &crash_in_handler);
  m.def("raised", &raised);
  m.def("hang_in_loop", &hang_in_loop);
  m.def("hang_in_clock", &hang_in_clock);
  m.def("hang_in_sleep", &hang_in_sleep);
  m.def("hang_in_thread", &hang_in_thread);
  m.def("hang_stopped", &hang_stopped);
  m.def("throw_three_deep", &throw_three_deep);
  m.def("throw_nested", &throw_nested);
  m.def("throw_elsewhere", &throw_elsewhere);
}
