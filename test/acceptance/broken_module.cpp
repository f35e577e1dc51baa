// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Modules that cannot be imported, each for a reason of its own: see imports_test.cpp.
#include <glovebox/module.hpp>

#include <unistd.h>
#include <cstdlib>
#include <stdexcept>

#ifdef NOTE
GLOVEBOX_MODULE_NOTE_OF(NOTE);
#endif

namespace {

[[maybe_unused]] int load() {
#ifdef THROWS
  throw std::domain_error("no licence found");
#endif
#ifdef CRASHES
  std::abort();
#endif
#ifdef HANGS
  for (;;) ::pause();
#endif
  return 0;
}
[[maybe_unused]] const int loaded = load();

}  // namespace

#ifdef NAME
#define MODULE(name, builder) GLOVEBOX_MODULE(name, builder)
MODULE(NAME, m) {
  m.def("answer", [] { return 42; });
#ifdef THROWS_IN_ITS_BODY
  throw std::domain_error("no licence found");
#endif
}
#endif
