// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/crash_handler.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

namespace glovebox::runtime {
namespace {

constinit process::recorder_page* recording = nullptr;

void on_fatal_signal(int number, siginfo_t* info, void*) {
  process::recorder_page& page = *recording;
  const bool sent = info->si_code <= 0;  // by kill(), raise(), abort(): there is no address
  page.signal_code.store(info->si_code, std::memory_order_relaxed);
  page.signal_sender.store(sent ? info->si_pid : 0, std::memory_order_relaxed);
  page.signal_address.store(sent ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr),
                            std::memory_order_relaxed);
  page.signal_number.store(static_cast<std::uint32_t>(number), std::memory_order_release);
  // SA_RESETHAND has restored the default action. A fault comes again when the handler returns;
  // what was sent must be sent again.
  if (sent) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), number);
}

void on_failed_allocation() {
  recording->allocation_failed.fetch_add(1, std::memory_order_relaxed);
  throw std::bad_alloc();
}

}  // namespace

void install_crash_handler(process::recorder_page& page) {
  recording = &page;
  constexpr std::size_t stack_bytes = 64 * 1024;
  void* const memory = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "mmap of the alternate signal stack");
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = stack_bytes;
  if (::sigaltstack(&stack, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "sigaltstack");
  struct sigaction action {};
  action.sa_sigaction = on_fatal_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS})
    if (::sigaction(number, &action, nullptr) != 0)
      throw std::system_error(errno, std::generic_category(), "sigaction");
  std::set_new_handler(on_failed_allocation);
}

}  // namespace glovebox::runtime
