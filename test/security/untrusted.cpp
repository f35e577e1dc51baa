// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A module that is not trusted, built in several ways. As soon as it is loaded it looks around, and
// leaves what it has seen in the environment of its process. It also tries to leave a mark outside,
// in the file that GLOVEBOX_TEST_MARK names.
#ifndef PART
#include <glovebox/detail/module_note.hpp>
#endif

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <cstdlib>
#include <stdexcept>
#include <string>
#ifdef THREADS
#include <thread>
#endif

#ifdef PART
#define NAME "part"
#else
#define NAME "module"
#ifndef NOTE
#define NOTE GLOVEBOX_MODULE_ABI
#endif
GLOVEBOX_MODULE_NOTE_OF(NOTE);
#endif

#ifdef LACKS
extern "C" int glovebox_test_function_that_is_nowhere();
#endif
#ifdef USES_PART
extern "C" int glovebox_test_part();
#endif

namespace {

std::string identity_of(const char* path) {
  struct stat status;
  if (::stat(path, &status) != 0) return "none";
  return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

#ifdef THREADS
void wait_for_ever() {
  for (;;) ::pause();
}
#endif

struct on_load {
  on_load() {
    if (const char* const mark = std::getenv("GLOVEBOX_TEST_MARK"))
      ::close(::open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    const std::string seen =
        "uid " + std::to_string(::getuid()) + ' ' + std::to_string(::geteuid()) + " gid " +
        std::to_string(::getgid()) + " root " + identity_of("/") + " above " + identity_of("/..") +
        " here " + identity_of(".") + " groups " + std::to_string(::getgroups(0, nullptr)) +
        " setuid " + std::to_string(::setuid(0));
    ::setenv("GLOVEBOX_TEST_SEEN_BY_" NAME, seen.c_str(), 1);
#ifdef THROWS
    throw std::domain_error("no licence found");
#endif
#ifdef CRASHES
    std::abort();
#endif
#ifdef HANGS
    for (;;) ::pause();
#endif
#ifdef THREADS
    std::thread(&wait_for_ever).detach();
#endif
  }
} const loaded;

}  // namespace

#ifdef PART
extern "C" __attribute__((visibility("default"))) int glovebox_test_part() {
  return 43;
}
#else
extern "C" __attribute__((visibility("default"))) int glovebox_test_answer() {
#if defined(LACKS)
  return glovebox_test_function_that_is_nowhere();
#elif defined(USES_PART)
  return glovebox_test_part();
#else
  return 42;
#endif
}
#endif
