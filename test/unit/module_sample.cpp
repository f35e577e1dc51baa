// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A module, built in several ways that a loader must tell apart. It counts in the environment of
// the process how often its code ran.
#include <glovebox/detail/module_note.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>

#ifndef NOTE
#define NOTE GLOVEBOX_MODULE_ABI
#endif
#ifndef WITHOUT_NOTE
GLOVEBOX_MODULE_NOTE_OF(NOTE);
#endif
#ifdef SECOND_NOTE
GLOVEBOX_MODULE_NOTE_OF(SECOND_NOTE);
#endif

#ifdef LACKS
extern "C" int glovebox_test_function_that_is_nowhere();
#endif

namespace {

struct on_load {
  on_load() {
    const char* const before = std::getenv("GLOVEBOX_TEST_MODULES_RUN");
    const int count = before ? std::atoi(before) : 0;
    ::setenv("GLOVEBOX_TEST_MODULES_RUN", std::to_string(count + 1).c_str(), 1);
#ifdef THROWS
    throw std::domain_error("no licence found");
#endif
  }
} const loaded;

}  // namespace

extern "C" __attribute__((visibility("default"))) int glovebox_test_answer() {
#ifdef LACKS
  return glovebox_test_function_that_is_nowhere();
#else
  return 42;
#endif
}
