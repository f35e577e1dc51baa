// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "transport/memory_file.hpp"

#include <sys/mman.h>
#include <cerrno>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace glovebox::transport {

unique_fd make_memory_file(const char* name) noexcept {
  // Some systems refuse or warn about memfds that could be executed; old kernels lack the flag.
  int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return unique_fd(fd);
}

}  // namespace glovebox::transport
