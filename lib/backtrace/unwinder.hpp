// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"

#include <glovebox/stack_trace.hpp>

#include <functional>
#include <string>
#include <vector>

namespace glovebox::backtrace {

/// The traces that are complete, and those that are to come as they would be without unwinding.
using progress = std::function<void(const std::vector<thread_trace>&)>;

/// Where the threads were. The libraries that read their files were not written for hostile ones:
/// it may end the process, or not return. So `on_progress` is told after each thread, and before
/// the first, what is known so far.
std::vector<thread_trace> unwind(const capture& taken, const progress& on_progress);

/// What can be said without reading debug information: of the innermost function where it is in
/// which file, and of a jump to where no code is, where it came from.
thread_trace plain_trace(const capture& taken, const captured_thread& thread, std::string note);
std::vector<thread_trace> plain_traces(const capture& taken, const std::string& note);

}  // namespace glovebox::backtrace
