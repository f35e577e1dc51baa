// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string>
#include <vector>

namespace image_farm {

// Faults planted on purpose, one a function, to show every way in which a call can end. They keep
// their faults at any optimisation. Under sanitizers the faults themselves aren't instrumented;
// memory hogs need a memory limit, under which AddressSanitizer doesn't run.

/// Writes through a null pointer: SIGSEGV.
void null_dereference();

/// SIGABRT.
void call_abort();

/// Recurses until the stack ends: SIGSEGV.
void overflow_stack();

/// Ends the process as if nothing were wrong, in the middle of a call.
void exit_with_success();

/// Allocates and touches memory until the memory limit of the process throws `std::bad_alloc`. It
/// is all freed when the exception leaves. Throws `std::logic_error` at `most_mebibytes` [MiB]:
/// there is no limit, and the machine has other uses for its memory.
void hog_memory(int most_mebibytes);

/// Never returns and uses a CPU.
void loop_forever();

/// Writes some KiB that are no message into the channel of its own process and returns. A channel
/// that is closed or broken already is left alone.
void write_garbage(int fd);

/// The faults' names, as `run_planted` takes them.
std::vector<std::string> planted_names();

/// Runs the fault of that name: `null_dereference`, `abort`, `stack_overflow`, `exit_0`,
/// `memory_hog`, `endless_loop` or `garbage`. `argument` is the descriptor for `garbage` and the
/// upper bound [MiB] for `memory_hog`. Returns `argument` if the fault let it.
/// Throws `std::invalid_argument` for other names.
int run_planted(const std::string& which, int argument);

}  // namespace image_farm
