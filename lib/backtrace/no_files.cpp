// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An ELF file can name others, where its debug information goes on, and libdw opens them: a FIFO
// would make it wait for ever. So the program's own open() stands before the C library's, and
// refuses. What may be opened is given to libdw as a descriptor.
#include <cerrno>

extern "C" {

[[gnu::visibility("default")]] int open(const char*, int, ...) {
  errno = EACCES;
  return -1;
}

[[gnu::visibility("default")]] int open64(const char*, int, ...) {
  errno = EACCES;
  return -1;
}
}
