// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "subject_library.hpp"

static volatile int calls = 0;

[[gnu::noipa, gnu::visibility("default")]] void subject_library_call(void (*function)()) {
  function();  // calls back
  calls = calls + 1;
}
