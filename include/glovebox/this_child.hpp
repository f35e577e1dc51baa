// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/file_descriptor.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

/// For code that runs in a child: what this child was given at its start. In the parent, and in a
/// fork server while it loads preloaded modules, there is nothing of it. A child that is a thread
/// (backend.hpp) has it only on that thread, which runs the calls.
namespace glovebox::this_child {

/// `context_options::arguments`; empty in the parent. They don't change, so any thread may read
/// them at any time, and the reference stays valid.
GLOVEBOX_API const std::vector<std::string>& arguments() noexcept;

/// How many descriptors this child was given (`context_options::descriptors`), whether they were
/// taken or not; 0 in the parent. Thread-safe.
GLOVEBOX_API std::size_t descriptor_count() noexcept;

/// The number of the one at `index`, close-on-exec, which remains owned by the library; -1 when it
/// was taken. Thread-safe, but who takes it meanwhile may close it.
/// \throws std::out_of_range beyond `descriptor_count()`, for example in the parent
GLOVEBOX_API int descriptor(std::size_t index);

/// Hands the one at `index` over, close-on-exec: the caller owns it from now on. Empty when it was
/// taken before. Thread-safe.
/// \throws std::out_of_range beyond `descriptor_count()`, for example in the parent
GLOVEBOX_API file_descriptor take_descriptor(std::size_t index);

/// What runs around each copy of this child (`context::snapshot`), on its main thread. Any may be
/// empty. A copy is copied in its turn when its context goes on from there.
struct copy_hooks {
  /// Before the copy is made. What it throws ends the snapshot with that as the reason, and nothing
  /// is copied: for what holds something that a copy can't have.
  std::function<void()> before;
  /// After that, in the process that goes on; also when there is no copy after all. Must not throw.
  std::function<void()> in_original;
  /// After that, in the copy, before it takes calls: the place for a new seed, or a new connection.
  /// Must not throw.
  std::function<void()> in_copy;
};
/// Adds hooks for the rest of the child's life. The last ones run first before a copy, and the
/// first ones first after it, as those of pthread_atfork(3), which do not run then. On the main
/// thread only.
GLOVEBOX_API void on_copy(copy_hooks hooks);

}  // namespace glovebox::this_child
