// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "transport/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <ctime>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace glovebox::transport {
namespace {

// What exceeds RLIMIT_FSIZE gets EFBIG, and SIGXFSZ, which kills. The signal is the thread's own.
template <class F>
bool without_sigxfsz(F&& work) noexcept {
  sigset_t signal, pending, before;
  ::sigemptyset(&signal);
  ::sigaddset(&signal, SIGXFSZ);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &signal, &before);
  const bool done = work() == 0;
  const int error = errno;
  if (!done && error == EFBIG && ::sigismember(&pending, SIGXFSZ) == 0) {
    const timespec at_once{};
    while (::sigtimedwait(&signal, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return done;
}

}  // namespace

unique_fd make_memory_file(const char* name) noexcept {
  // Some systems refuse or warn about memfds that could be executed; old kernels lack the flag.
  int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return unique_fd(fd);
}

bool resize(const unique_fd& file, std::size_t bytes) noexcept {
  return without_sigxfsz([&] { return ::ftruncate(file.get(), static_cast<off_t>(bytes)); });
}

bool allocate(const unique_fd& file, std::size_t bytes) noexcept {
  return without_sigxfsz([&] { return ::fallocate(file.get(), 0, 0, static_cast<off_t>(bytes)); });
}

}  // namespace glovebox::transport
