// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"

#include <unistd.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace acceptance {
namespace {

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

/// A process that leaves its group, its session and its parent. \returns its number
pid_t daemonise() {
  std::array<int, 2> pipe;
  if (::pipe(pipe.data()) != 0) throw std::runtime_error("pipe");
  const pid_t between = ::fork();
  if (between == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    const pid_t own = ::getpid();
    if (::write(pipe[1], &own, sizeof own) != sizeof own) ::_exit(1);
    for (;;) ::pause();
  }
  pid_t daemon = 0;
  ::close(pipe[1]);
  if (::read(pipe[0], &daemon, sizeof daemon) != sizeof daemon) daemon = 0;
  ::close(pipe[0]);
  return daemon;
}

// The undefined-behaviour sanitizer would end the child before the crash does.
__attribute__((no_sanitize("undefined"))) void crash(const std::string& how) {
  if (how == "null dereference") {
    int* volatile nowhere = nullptr;
    *nowhere = 1;
  }
  if (how == "abort") std::abort();
  if (how == "division by zero") {
    volatile int one = 1, zero = 0;
    one = one / zero;
  }
  if (how == "illegal instruction") __builtin_trap();
  if (how == "stack overflow") overflow_the_stack(0);
  if (how == "exit(0)") std::exit(0);
  if (how == "exit(3)") std::exit(3);
  if (how == "_exit") ::_exit(4);
  if (how == "exception in a thread")
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
  if (how == "SIGKILL") std::raise(SIGKILL);
  if (how == "terminate") std::terminate();
  if (how == "double free") {
    void* volatile memory = std::malloc(40);
    std::free(memory);
    std::free(memory);
  }
  if (how == "out of memory") take_all_memory();
  if (how == "out of memory, aborts") try {
      take_all_memory();
    } catch (const std::bad_alloc&) {
      std::abort();
    }
  if (how == "endless loop")
    for (volatile bool on = true; on;) {
    }
  throw std::logic_error(how + " did not happen");
}

}  // namespace

void bind_crashes(module_builder& m) {
  m.def("crash", &crash, arg("how"));
  m.def("daemonise", &daemonise);
  m.def("pid", &::getpid);
  m.def("program", [] { return std::filesystem::read_symlink("/proc/self/exe").string(); });
}

}  // namespace acceptance
