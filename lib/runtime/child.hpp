// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/child_start.hpp"
#include "process/recorder.hpp"

#include <glovebox/limits.hpp>

#include <stdexcept>
#include <vector>

namespace glovebox::runtime {

/// What a child does after it was prepared: serves its channel until that is closed.
void child_main(process::child_setup setup);

/// What a child accepts and sends, as its parent has left it in the recorder.
limits bounds_in(const process::recorder_page& page);

/// Unwinds a child that is a thread; code of the user's sees it when it calls back in vain.
class child_over : public std::runtime_error {
 public:
  child_over() : runtime_error("the context has ended: nobody is left to answer") {}
};
/// Ends this child, since the parent is gone or wants it to: its process, or, where it is a thread,
/// what that thread does. \throws child_over
[[noreturn]] void leave_child(const process::recorder_page& page);

/// The descriptors that are the library's in a child, besides the standard ones: the one that
/// serving needs, and those which the parent gave and nobody has taken.
std::vector<int> descriptors_in_use();

}  // namespace glovebox::runtime
