// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// `co_await ctx.jail({root, uid, gid})` locks a child into a directory, as a user without
/// privileges, before it touches untrusted code. Needs root. It isolates files and privileges; it
/// restricts neither system calls nor the network.
///
/// The child then has `root` as its root and working directory; it runs as `uid` and `gid`, without
/// further groups, without capabilities, and without a way to get any; all descriptors but the
/// standard ones, its channel and those given to it at its start that were not taken yet
/// (`this_child::take_descriptor`) are closed; a terminal can only be written to; the session's
/// keys are out of reach; other processes of the same uid can signal it, but neither trace it nor
/// read its memory. It still dies with the parent. So do all processes it starts.
///
/// None of the modules' code, static initialisers included, runs before that. The order: check that
/// all of this can be done; load what the C library would load later; load `preload`; copy
/// `modules` into the jail; lock; load the copies, which are removed afterwards.
///
/// Errors: everything that can be checked first (a child that is a thread, see backend.hpp; not
/// root, no such directory, one that others may change, a missing module, one built against another
/// ABI) is thrown, as `std::runtime_error`, by a child that is as it was. When a module cannot be
/// loaded, that is thrown by a child that is jailed. A step of the locking that fails ends the
/// child, so none is ever half jailed.
///
/// Cancellation and deadlines are those of calls. Whether a child is jailed after one that was
/// abandoned is unknown: kill it.

#include <glovebox/detail/operation.hpp>

#include <sys/types.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace glovebox {

/// What a jail is like. On g++ 12, `ctx.jail({root, uid, gid})` may be written inside a `co_await`
/// expression, as it calls a constructor; options with `preload` or `modules` need a name first.
struct jail_options {
  jail_options() = default;
  jail_options(std::string root_directory, uid_t user, gid_t group)
      : root(std::move(root_directory)), uid(user), gid(group) {}

  /// The directory that becomes the child's root. It must belong to root, and nobody else may be
  /// able to change it (mode 0755); directories inside may belong to `uid`.
  std::string root;
  /// Whom the child runs as: neither may be 0. Children with the same uid can signal each other.
  uid_t uid = 0;
  gid_t gid = 0;
  /// Trusted libraries to load before, as root and with all files in reach: paths, or names as the
  /// dynamic linker takes them. They must start no thread, and keep no descriptor that they need.
  std::vector<std::string> preload;
  /// Files of untrusted shared objects, loaded in this order once the child is jailed. System
  /// libraries that they need, and that the child has not loaded, come along; list other libraries
  /// before those that need them.
  std::vector<std::string> modules;
};

namespace detail {

/// The call that does it. What it has to fail with is delivered through the handler.
GLOVEBOX_API request jail_request(const std::shared_ptr<target>& on, const call_options& how,
                                  const jail_options& what);

}  // namespace detail
}  // namespace glovebox
