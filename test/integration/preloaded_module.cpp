// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A module that knows which process has loaded it, and may leave a thread behind there, or not be
// loaded before a file exists.
#include <glovebox/module.hpp>

#include <sys/types.h>
#include <unistd.h>
#include <cstdlib>
#include <thread>

namespace {

const pid_t loaded_by = [] {
#ifdef WAITS
  if (const char* const file = std::getenv("GLOVEBOX_TEST_WAIT_FOR"))
    while (::access(file, F_OK) != 0) ::usleep(1000);
#endif
#ifdef LEAVES_A_THREAD
  std::thread([] {
    for (;;) ::pause();
  }).detach();
#endif
  return ::getpid();
}();

#define MODULE(name, builder) GLOVEBOX_MODULE(name, builder)

MODULE(NAME, m) {
  m.def("loaded_by", [] { return loaded_by; });
}

}  // namespace
