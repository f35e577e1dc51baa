// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Instead of unwinder_dwfl.cpp and frame_names.cpp where there are no elfutils.
#include "backtrace/frame_names.hpp"
#include "backtrace/unwinder.hpp"

namespace glovebox::backtrace {

std::vector<thread_trace> unwind(const capture& taken, const progress&) {
  return plain_traces(taken, "the library was built without elfutils");
}

std::vector<stack_frame> with_names(const std::vector<stack_frame>& frames) {
  return frames;
}

}  // namespace glovebox::backtrace
