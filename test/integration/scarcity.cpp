// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/scarcity.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <stdexcept>

namespace scarcity {
namespace {

constexpr const char* variable = "GLOVEBOX_TEST_SCARCITY";  // names the file of the plan

struct shared_plan {
  std::atomic<call> which;
  std::atomic<int> countdown;
  std::atomic<int> error;
  std::atomic<bool> happened;
};

shared_plan* map(int fd) {
  // Not mmap(): that is one of those that fail.
  void* const page = reinterpret_cast<void*>(
      ::syscall(SYS_mmap, nullptr, sizeof(shared_plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  return page == MAP_FAILED ? nullptr : static_cast<shared_plan*>(page);
}

shared_plan* attach() {
  const char* const path = std::getenv(variable);
  const int fd = path ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  shared_plan* const found = fd < 0 ? nullptr : map(fd);
  if (fd >= 0) ::close(fd);
  return found;
}

// In the test's own process made by the first fail(); in the others when they start.
shared_plan* plan = attach();

shared_plan& make_plan() {
  if (plan) return *plan;
  std::string path = "/tmp/glovebox-test-scarcity-XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0 || ::syscall(SYS_ftruncate, fd, sizeof(shared_plan)) != 0 || !(plan = map(fd)))
    throw std::runtime_error("no plan");
  ::close(fd);
  ::setenv(variable, path.c_str(), 1);
  static const std::string made = path;
  std::atexit([] { ::unlink(made.c_str()); });
  return *plan;
}

/// The error that this use is to fail with; 0: none.
int denied(call which) {
  if (!plan || plan->which != which || --plan->countdown != 0) return 0;
  plan->happened = true;
  return plan->error;
}

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

const char* name_of(call which) {
  constexpr std::array names{"none",  "memfd_create", "ftruncate", "mmap", "socketpair",
                             "pipe2", "clone",        "fork",      "copy"};
  return names[static_cast<std::size_t>(which)];
}

std::vector<int> errors_of(call which) {
  switch (which) {
    case call::memfd_create:
      return {EMFILE, ENFILE, ENOMEM};
    case call::ftruncate:
      return {ENOSPC, EFBIG};
    case call::mmap:
      return {ENOMEM};
    case call::socketpair:
      return {EMFILE, ENFILE, ENOBUFS};
    case call::pipe2:
      return {EMFILE};
    case call::clone:
    case call::fork:
    case call::copy:
      return {EAGAIN, ENOMEM};
    case call::none:
      break;
  }
  return {};
}

void fail(call which, int nth, int error) {
  shared_plan& to = make_plan();
  to.which = call::none;
  to.happened = false;
  to.countdown = nth;
  to.error = error;
  to.which = which;
}

bool stop_failing() {
  make_plan().which = call::none;
  return plan->happened;
}

}  // namespace scarcity

// ---- what stands before the C library's

#define DENY(which)                                            \
  if (const int error = scarcity::denied(which); error != 0) { \
    errno = error;                                             \
    return -1;                                                 \
  }

extern "C" {

int memfd_create(const char* name, unsigned flags) {
  DENY(scarcity::call::memfd_create)
  static auto* const next = scarcity::real<int(const char*, unsigned)>("memfd_create");
  return next(name, flags);
}

int ftruncate(int fd, off_t size) noexcept {
  DENY(scarcity::call::ftruncate)
  static auto* const next = scarcity::real<int(int, off_t)>("ftruncate");
  return next(fd, size);
}

void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (const int error = scarcity::denied(scarcity::call::mmap); error != 0) {
    errno = error;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}

int socketpair(int domain, int type, int protocol, int* ends) noexcept {
  DENY(scarcity::call::socketpair)
  static auto* const next = scarcity::real<int(int, int, int, int*)>("socketpair");
  return next(domain, type, protocol, ends);
}

int pipe2(int* ends, int flags) noexcept {
  DENY(scarcity::call::pipe2)
  static auto* const next = scarcity::real<int(int*, int)>("pipe2");
  return next(ends, flags);
}

pid_t fork() noexcept {
  DENY(scarcity::call::fork)
  static auto* const next = scarcity::real<pid_t()>("fork");
  return next();
}

// The optional arguments are passed on whether they are there or not, which is not for a sanitizer.
__attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  if (number == SYS_clone3) {
    DENY(scarcity::call::copy)
  }
  static auto* const next = scarcity::real<long(long, ...)>("syscall");
  std::va_list list;
  va_start(list, number);
  long all[6];
  for (long& each : all) each = va_arg(list, long);
  va_end(list);
  return next(number, all[0], all[1], all[2], all[3], all[4], all[5]);
}

// Likewise.
int __clone(int (*body)(void*), void* stack, int flags, void* argument, ...) noexcept {
  DENY(scarcity::call::clone)
  static auto* const next = scarcity::real<int(int (*)(void*), void*, int, void*, ...)>("__clone");
  std::va_list list;
  va_start(list, argument);
  void* const parent_id = va_arg(list, void*);
  void* const storage = va_arg(list, void*);
  void* const child_id = va_arg(list, void*);
  va_end(list);
  return next(body, stack, flags, argument, parent_id, storage, child_id);
}

}  // extern "C"

#undef DENY
