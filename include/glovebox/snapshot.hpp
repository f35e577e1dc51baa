// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// `co_await ctx.snapshot()` makes a copy of a child as it is between two calls: its memory, and
/// with it all of its objects. The copy sleeps. `ctx.roll_back(s)` lets the context go on from
/// there, as often as wanted, also when the child has crashed meanwhile; `s.revive()` makes further
/// contexts of it.
///
/// The copy is made copy-on-write, as by fork(2): it costs a fraction of a millisecond for a small
/// child, and later a page of memory for each page that one of the two changes. Memory is all that
/// is copied. Files, sockets and pipes that the child has opened are shared by original and copies,
/// with their offsets; so is shared memory; what was written to them stays written. Timers, locks
/// on files and the like are not there in a copy.
///
/// A child with threads of its own can't be copied, nor one in the middle of a callback; it says
/// why, and goes on. `this_child::on_copy` sets functions that run around each copy. A child that
/// descends from 16 snapshots that are kept makes no more: each of them makes a copy slower.

#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/operation.hpp>
#include <glovebox/termination.hpp>

#include <sys/types.h>
#include <cstdint>
#include <memory>
#include <optional>

namespace glovebox {

class context;

/// What a snapshot's process takes, as the kernel counts it.
struct snapshot_memory {
  std::uint64_t own = 0;  ///< pages that it has for itself [bytes]
  std::uint64_t shared =
      0;  ///< pages that it shares with the child, other copies, or files [bytes]
};

/// A sleeping copy of a child: see snapshot.hpp. Copies of this handle share it; the process ends
/// with the last one, which never blocks. An empty one answers everything with a `state_error`.
///
/// Thread safety: all members may be called on any thread at any time.
class GLOVEBOX_API snapshot {
 public:
  snapshot() = default;

  /// A further context, which goes on from here with the same objects; what its calls change is its
  /// own. It is starting: calls may be made at once.
  context revive() const;

  explicit operator bool() const noexcept { return target_ != nullptr; }
  /// Of the sleeping process.
  pid_t pid() const noexcept;
  /// Nothing where /proc does not tell.
  std::optional<snapshot_memory> memory() const;
  /// How the sleeping process has ended, if something has killed it.
  std::optional<termination> ended() const;

  // ---- for the library
  explicit snapshot(std::shared_ptr<detail::context_target> of);
  const std::shared_ptr<detail::context_target>& home() const noexcept { return target_; }

 private:
  struct owner;  // ends the process with the last handle

  std::shared_ptr<owner> owner_;
  std::shared_ptr<detail::context_target> target_;
};

namespace detail {

/// What a context answers with: the sleeping one.
struct snapshot_reader {
  GLOVEBOX_API static snapshot read(const answer& from);
};

struct initiate_snapshot {
  std::shared_ptr<context_target> on;
  call_options options;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler) const {
    request what;
    what.options = options;
    on->snapshot(make_operation<glovebox::snapshot, glovebox::snapshot, snapshot_reader>(
        *on, std::forward<Handler>(handler), std::move(what)));
  }
};

struct initiate_roll_back {
  std::shared_ptr<context_target> on;
  std::shared_ptr<context_target> to;

  using executor_type = asio::any_io_executor;
  executor_type get_executor() const noexcept { return on->executor(); }

  template <class Handler>
  void operator()(Handler&& handler) const {
    on->roll_back(make_waiter(*on, std::forward<Handler>(handler)), to);
  }
};

}  // namespace detail
}  // namespace glovebox
