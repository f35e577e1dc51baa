// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "support/faults.hpp"
#include "support/time_scale.hpp"

#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace glovebox::test {
namespace {

// The undefined-behaviour sanitizer would end the child before the fault does.
#define UNCHECKED __attribute__((no_sanitize("undefined")))

UNCHECKED void dereference_null() {
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}

UNCHECKED void divide_by_zero() {
  volatile int one = 1, zero = 0;
  one = one / zero;
}

#undef UNCHECKED

// Every frame is used after the inner one has returned, or it would be a loop.
int overflow_the_stack(int depth) {
  std::array<volatile char, 4096> frame{};
  frame[static_cast<std::size_t>(depth) % frame.size()] = 1;
  return depth < 0 ? 0 : overflow_the_stack(depth + 1) + frame[0];
}

void take_all_memory() {
  std::vector<std::unique_ptr<char[]>> taken;
  for (;;) taken.push_back(std::make_unique<char[]>(1024 * 1024));
}

void take_all_memory_and_abort() {
  try {
    take_all_memory();
  } catch (const std::bad_alloc&) {
    std::abort();
  }
}

void free_twice() {
  void* volatile memory = std::malloc(40);
  std::free(memory);
  std::free(memory);
}

void loop() {
  for (volatile bool on = true; on;) {
  }
}

void block_signals_and_loop() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  loop();
}

void block_in_a_system_call() {
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) return;
  char byte = 0;
  while (::read(ends[0], &byte, 1) != 1) {
  }
}

// Longer than any test: it must be killed while it is stopped.
void stop_oneself() {
  for (;;) std::raise(SIGSTOP);
}

void write_garbage() {
  const std::string nonsense(4096, '\xff');
  if (::write(channel_descriptor(), nonsense.data(), nonsense.size()) < 0) std::abort();
  for (;;) ::pause();
}

const std::map<std::string, void (*)()>& actions() {
  static const std::map<std::string, void (*)()> all{
      {"null_dereference", dereference_null},
      {"abort", std::abort},
      {"divide_by_zero", divide_by_zero},
      {"illegal_instruction", [] { __builtin_trap(); }},
      {"stack_overflow", [] { overflow_the_stack(0); }},
      {"exit_0", [] { std::exit(0); }},
      {"exit_3", [] { std::exit(3); }},
      {"_exit_4", [] { ::_exit(4); }},
      {"terminate", [] { std::terminate(); }},
      {"thread_exception",
       [] { std::thread([] { throw std::runtime_error("nobody catches this"); }).join(); }},
      {"raise_sigkill", [] { std::raise(SIGKILL); }},
      {"double_free", free_twice},
      {"memory_hog", take_all_memory},
      {"memory_hog_aborts", take_all_memory_and_abort},
      {"garbage", write_garbage},
      {"endless_loop", loop},
      {"blocking_call", block_in_a_system_call},
      {"signals_blocked", block_signals_and_loop},
      {"stopped", stop_oneself},
  };
  return all;
}

fault signalled(std::string name, int signal, std::optional<int> code) {
  return {.name = std::move(name), .signal = signal, .code = code};
}
fault exited(std::string name, int code) {
  return {.name = std::move(name), .why = cause::exit, .exit_code = code};
}
fault hung(std::string name) {
  return {.name = std::move(name), .why = cause::deadline, .signal = SIGKILL, .in_a_thread = false};
}

}  // namespace

void commit_fault(const std::string& name) {
  const auto found = actions().find(name);
  if (found != actions().end()) found->second();
  throw std::logic_error(name + " did not happen");
}

const std::vector<fault>& all_faults() {
  static const std::vector<fault> all {
    {.name = "null_dereference", .signal = SIGSEGV, .code = SEGV_MAPERR, .address = 0},
        signalled("abort", SIGABRT, SI_TKILL),
#if defined(__x86_64__)
        signalled("divide_by_zero", SIGFPE, FPE_INTDIV),
        signalled("illegal_instruction", SIGILL, ILL_ILLOPN),
#endif
        signalled("stack_overflow", SIGSEGV, std::nullopt), exited("exit_0", 0),
        exited("exit_3", 3), exited("_exit_4", 4), signalled("terminate", SIGABRT, SI_TKILL),
        signalled("thread_exception", SIGABRT, SI_TKILL),
        signalled("double_free", SIGABRT, SI_TKILL),
        // The kernel tells nobody who sent it.
        {.name = "raise_sigkill",
         .why = cause::killed_from_outside,
         .blame = culprit::unknown,
         .signal = SIGKILL},
        {.name = "memory_hog", .needs_memory_limit = true, .survives = true, .in_a_thread = false},
        {.name = "memory_hog_aborts",
         .why = cause::out_of_memory,
         .signal = SIGABRT,
         .code = SI_TKILL,
         .needs_memory_limit = true},
        {.name = "garbage",
         .why = cause::protocol_violation,
         .signal = SIGKILL,
         .in_a_thread = false},
        hung("endless_loop"), hung("blocking_call"), hung("signals_blocked"), hung("stopped"),
  };
  return all;
}

std::string ruled_out(const fault& which) {
  if (under_sanitizer && which.needs_memory_limit)
    return "a sanitizer cannot live under a limit on address space";
  if (under_thread_sanitizer && which.name == "double_free")
    return "ThreadSanitizer's free lets a double free pass";
  return {};
}

pid_t make_daemon() {
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  if (::fork() == 0) {
    ::setsid();
    const pid_t made = ::fork();
    if (made == 0)
      for (;;) ::pause();
    if (::write(ends[1], &made, sizeof made) != sizeof made) ::_exit(1);
    ::_exit(0);
  }
  pid_t made = 0;
  ::close(ends[1]);
  const auto got = ::read(ends[0], &made, sizeof made);
  ::close(ends[0]);
  if (got != sizeof made) throw std::runtime_error("no daemon");
  return made;
}

int channel_descriptor() {
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the folder's own descriptor
    const std::string target = std::filesystem::read_symlink(each, gone);
    const int number = std::stoi(each.path().filename());
    if (number > STDERR_FILENO && target.starts_with("socket:")) return number;
  }
  throw std::runtime_error("no channel");
}

}  // namespace glovebox::test
