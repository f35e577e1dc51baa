// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/crash_handler.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <new>
#include <system_error>
#include <typeinfo>

namespace glovebox::runtime {
namespace {

using process::crash_record;

constexpr std::size_t alternate_stack_bytes = 64 * 1024;
constexpr long second = 1'000'000'000;    // [ns]
constexpr std::size_t page_bytes = 4096;  // or a part of a larger page
constexpr std::size_t red_zone = 128;     // below the stack pointer, and in use (x86-64's ABI)

// What the C library leaves of its last words: `__abort_msg`, which debuggers read, too.
struct abort_message {
  unsigned size;
  char text[1];
};

constinit process::recorder_page* recording = nullptr;
// Not read from the page at the crash: that may be what the child has written over.
constinit std::uint64_t longest_wait = 0;  // to be looked at [ns]
constinit int parent_channel = -1;
// Looked for when the library is loaded, once for all children.
abort_message* const* const last_words =
    static_cast<abort_message* const*>(::dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE"));
constinit std::terminate_handler terminate_before = nullptr;

pid_t own_tid() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

// ---- in the signal handler: nothing but system calls and memory of our own

std::uint64_t take_registers(const ucontext_t& from, crash_record& record) {
#if defined(__x86_64__)
  constexpr int by_dwarf_number[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                     REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  std::uint32_t count = 0;
  for (const int each : by_dwarf_number)
    record.registers[count++] = static_cast<std::uint64_t>(from.uc_mcontext.gregs[each]);
  record.register_count = count;
  return static_cast<std::uint64_t>(from.uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
  std::uint32_t count = 0;
  for (const auto each : from.uc_mcontext.regs) record.registers[count++] = each;
  record.registers[count++] = from.uc_mcontext.sp;
  record.registers[count++] = from.uc_mcontext.pc;
  record.register_count = count;
  return from.uc_mcontext.sp;
#else
  static_cast<void>(from);
  record.register_count = 0;
  return 0;
#endif
}

std::uint32_t read_file(const char* path, char* to, std::uint32_t size) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::uint32_t taken = 0;
  while (taken != size) {
    const ssize_t got = ::read(file, to + taken, size - taken);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    taken += static_cast<std::uint32_t>(got);
  }
  ::close(file);
  return taken;
}

// 0: that cannot be told.
long count_threads() {
  char text[512];
  const std::uint32_t size = read_file("/proc/self/stat", text, sizeof text);
  // The name, in brackets, may hold anything; the 17th field after the state counts the threads.
  std::uint32_t at = size;
  while (at != 0 && text[at - 1] != ')') --at;
  constexpr int fields_before = 18;
  for (int field = 0; at < size && field != fields_before; ++at) field += text[at] == ' ';
  long count = 0;
  for (; at < size && text[at] >= '0' && text[at] <= '9'; ++at)
    count = count * 10 + (text[at] - '0');
  return count;
}

// The system call reads what may not be there, and does not fault. A page for each piece, so that
// the first one that is missing ends it. \returns how many bytes it was
std::size_t copy_memory(std::uint64_t from, std::byte* to, std::size_t most) {
  constexpr std::size_t pages = crash_record::stack_bytes / page_bytes + 1;
  static iovec theirs[pages];  // the handler runs once
  std::size_t count = 0;
  std::size_t size = 0;
  for (; size != most && count != pages; ++count) {
    const std::size_t piece =
        std::min<std::size_t>(page_bytes - (from + size) % page_bytes, most - size);
    theirs[count] = {reinterpret_cast<void*>(from + size), piece};
    size += piece;
  }
  const iovec ours{to, size};
  const ssize_t copied = ::process_vm_readv(::getpid(), &ours, 1, theirs, count, 0);
  return copied > 0 ? static_cast<std::size_t>(copied) : 0;
}

// A stack that was used up has its end above the stack pointer.
void copy_stack(std::uint64_t stack_pointer, crash_record& record) {
  constexpr std::size_t furthest = 1024 * 1024;  // of a function with so many variables
  std::uint64_t from = std::max<std::uint64_t>(stack_pointer, red_zone) - red_zone;
  for (const std::uint64_t last = from + furthest; from < last;
       from = from / page_bytes * page_bytes + page_bytes) {
    record.stack_address = from;
    record.stack_size =
        static_cast<std::uint32_t>(copy_memory(from, record.stack, crash_record::stack_bytes));
    if (record.stack_size != 0) return;
  }
}

void copy_last_words(crash_record& record) {
  if (record.message_size != 0 || !last_words || !*last_words) return;
  const abort_message& words = **last_words;
  // Its size is that of the mapping it is kept in.
  std::uint32_t size = 0;
  const std::uint32_t most = std::min<std::uint32_t>(words.size, crash_record::message_bytes);
  for (; size != most && words.text[size] != '\0'; ++size) record.message[size] = words.text[size];
  record.message_size = size;
}

void await_release(crash_record& record) {
  record.waits = 1;
  ::shutdown(parent_channel, SHUT_WR);
  timespec begin{};
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  while (record.released.load() == 0) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto passed = static_cast<std::uint64_t>((now.tv_sec - begin.tv_sec) * second +
                                                   (now.tv_nsec - begin.tv_nsec));
    if (passed >= longest_wait) return;
    const auto left = static_cast<long>(longest_wait - passed);
    const timespec rest{left / second, left % second};
    ::syscall(SYS_futex, &record.released, FUTEX_WAIT, 0, &rest, nullptr, 0);
  }
}

void on_fatal_signal(int number, siginfo_t* info, void* context) {
  crash_record& record = recording->crash;
  const int error_before = errno;
  const bool sent = info->si_code <= 0;  // by kill(), raise(), abort(): there is no address
  const auto self = static_cast<std::uint32_t>(own_tid());
  std::uint32_t nobody = 0;
  if (record.thread.compare_exchange_strong(nobody, self)) {
    record.signal_code = info->si_code;
    record.signal_sender = sent ? info->si_pid : 0;
    record.signal_address = sent ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr);
    const std::uint64_t stack_pointer =
        take_registers(*static_cast<const ucontext_t*>(context), record);
    record.signal_number.store(static_cast<std::uint32_t>(number), std::memory_order_release);
    copy_stack(stack_pointer, record);
    record.maps_size = read_file("/proc/self/maps", record.maps, crash_record::maps_bytes);
    copy_last_words(record);
    if (count_threads() != 1 || record.maps_size == 0) await_release(record);
  } else if (nobody != self) {
    for (;;) ::pause();  // another thread is ahead, and ends all of them
  }
  errno = error_before;
  // SA_RESETHAND has restored the default action. A fault comes again when the handler returns;
  // what was sent must be sent again.
  if (sent) ::syscall(SYS_tgkill, ::getpid(), self, number);
}

// ---- elsewhere

void on_failed_allocation() {
  recording->allocation_failed.fetch_add(1, std::memory_order_relaxed);
  throw std::bad_alloc();
}

void note_exception(crash_record& record) {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (!type) {
    record.message_size = static_cast<std::uint32_t>(std::snprintf(
        record.message, sizeof record.message, "std::terminate without an exception"));
    return;
  }
  int status = 0;
  char* const name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const char* what = "";
  try {
    throw;
  } catch (const std::exception& why) {
    what = why.what();
  } catch (const char* text) {
    what = text;
  } catch (...) {
  }
  const int size =
      std::snprintf(record.message, sizeof record.message, "std::terminate for %s%s%s",
                    name ? name : type->name(), what && *what ? ": " : "", what ? what : "");
  record.message_size = static_cast<std::uint32_t>(
      std::clamp<int>(size, 0, static_cast<int>(sizeof record.message) - 1));
  std::free(name);
}

[[noreturn]] void on_terminate() {
  static constinit std::atomic_flag noted = ATOMIC_FLAG_INIT;
  if (!noted.test_and_set()) note_exception(recording->crash);
  if (terminate_before) terminate_before();
  std::abort();
}

}  // namespace

alternate_stack::alternate_stack()
    : memory_(::mmap(nullptr, alternate_stack_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
  if (memory_ == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "mmap of the alternate signal stack");
  stack_t stack{};
  stack.ss_sp = memory_;
  stack.ss_size = alternate_stack_bytes;
  if (::sigaltstack(&stack, nullptr) != 0) {
    const int error = errno;
    ::munmap(memory_, alternate_stack_bytes);
    throw std::system_error(error, std::generic_category(), "sigaltstack");
  }
}

alternate_stack::~alternate_stack() {
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  if (::sigaltstack(&none, nullptr) == 0) ::munmap(memory_, alternate_stack_bytes);
}

void install_crash_handler(process::recorder_page& page, int channel) {
  recording = &page;
  parent_channel = channel;
  longest_wait = recording->crash_wait;
  // For the rest of the process's life: never destroyed, and nothing that a leak checker finds.
  alignas(alternate_stack) static std::byte place[sizeof(alternate_stack)];
  new (place) alternate_stack;
  struct sigaction action {};
  action.sa_sigaction = on_fatal_signal;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS})
    if (::sigaction(number, &action, nullptr) != 0)
      throw std::system_error(errno, std::generic_category(), "sigaction");
  std::set_new_handler(on_failed_allocation);
  terminate_before = std::set_terminate(on_terminate);
}

void let_crash_come_first(const process::recorder_page& page) noexcept {
  if (page.crash.thread.load() == 0 ||
      page.crash.thread.load() == static_cast<std::uint32_t>(own_tid()))
    return;
  for (;;) ::pause();
}

}  // namespace glovebox::runtime
