// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/recorder.hpp"

namespace glovebox::runtime {

/// A stack for the signal handlers of the thread that makes it, as long as it lives: a thread that
/// has used up its own has no other place to say so. \throws std::system_error
class alternate_stack {
 public:
  alternate_stack();
  ~alternate_stack();
  alternate_stack(const alternate_stack&) = delete;
  alternate_stack& operator=(const alternate_stack&) = delete;

 private:
  void* memory_;
};

/// Makes fatal signals, std::terminate and failed allocations leave their evidence in the recorder
/// (crash_record.hpp). The handler calls what signal-safety(7) allows, and nothing else; then the
/// signal takes its default course. Where the process has other threads, or cannot tell its own
/// mappings, it waits before that until the parent has had a look, `recorder_page::crash_wait` at
/// most; the parent learns that from the channel, whose writing end is shut. Call once, on the main
/// thread, which keeps an alternate stack from then on. \throws std::system_error
void install_crash_handler(process::recorder_page& page, int channel);

/// For whoever is about to end this process for the parent's sake: does not return once another
/// thread has begun to crash, whose signal is to end it.
void let_crash_come_first(const process::recorder_page& page) noexcept;

}  // namespace glovebox::runtime
