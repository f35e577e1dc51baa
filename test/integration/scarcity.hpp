// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// System calls that fail when a test wants it, in the parent, its fork server and its children:
/// this program's own versions of them stand before those of the C library, and all processes look
/// at one plan in shared memory.

namespace scarcity {

enum class call : std::uint32_t {
  none,
  memfd_create,
  ftruncate,
  mmap,
  socketpair,
  pipe2,
  clone,  // of the fork server
  fork,   // of children
  copy,   // of a child, by itself
};
constexpr call all_calls[] = {call::memfd_create, call::ftruncate, call::mmap, call::socketpair,
                              call::pipe2,        call::clone,     call::fork, call::copy};
const char* name_of(call which);
/// What they fail with in practice.
std::vector<int> errors_of(call which);

/// Makes the nth use from now on fail with that error, wherever it is. Call it before the first
/// context of the program.
void fail(call which, int nth, int error);
/// \returns whether it has come to that
bool stop_failing();

}  // namespace scarcity
