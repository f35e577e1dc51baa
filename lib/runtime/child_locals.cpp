// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/child_locals.hpp"

namespace glovebox::runtime {

constinit thread_local child_locals* locals_here = nullptr;

child_locals::installed::installed(child_locals& these) noexcept {
  locals_here = &these;
}

child_locals::installed::~installed() {
  locals_here = nullptr;
}

}  // namespace glovebox::runtime
