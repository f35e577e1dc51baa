// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/backend.hpp>
#include <glovebox/limits.hpp>
#include <glovebox/shared_file_descriptor.hpp>
#include <glovebox/start_method.hpp>
#include <glovebox/termination.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox {

namespace testing {
class fault_plan;
}

/// Where a child's standard output or error goes.
enum class output : std::uint8_t {
  inherit,  ///< the parent's own
  null,     ///< nowhere
  capture,  ///< kept for reports: the last lines
  tee,      ///< kept, and copied to the parent's standard error
};

/// Something that has happened to a child.
struct context_event {
  enum class kind : std::uint8_t {
    ready,        ///< it takes calls
    ended,        ///< it is gone, or could not be started: `end` says why
    rolled_back,  ///< it ended, as `end` says, and the context goes on from a snapshot
  };
  kind what = kind::ready;
  pid_t pid = 0;
  /// Seen from none of its calls: without method and arguments. Null unless it has ended.
  const termination* end = nullptr;
  /// Of `rolled_back`: calls that had ended since the snapshot, and may have changed something that
  /// is undone now.
  std::uint64_t lost_calls = 0;
  /// The same: references that the parent holds to objects that are younger than the snapshot.
  std::uint64_t stale_objects = 0;
};

/// What the end of its child is to a context.
enum class on_crash : std::uint8_t {
  terminate,  ///< its own end
  roll_back,  ///< it goes on from the last snapshot
};

/// How a child is started and bounded. Holds strings, so on g++ 12 it must not be written in
/// braces inside a `co_await` expression; give it to a constructor, or name it first.
struct context_options {
  /// Whether the child is a process, or a thread of this one for debugging: see backend.hpp, which
  /// says what holds for the other options then.
  glovebox::backend backend = glovebox::backend::automatic;
  start_method method = start_method::forkserver;
  /// Address space the child may take beyond what it has at its start [bytes]; 0: no limit.
  /// Beyond it, `new` throws `std::bad_alloc` and `malloc` returns a null pointer (RLIMIT_AS,
  /// getrlimit(2)).
  std::uint64_t memory_limit = 0;
  /// Processor time of the child, all of its threads together, from its start [s]; 0: no limit.
  /// Beyond it the child gets SIGXCPU, and dies of it unless it handles that (RLIMIT_CPU).
  std::chrono::seconds cpu_limit{};
  /// The child must say that it is ready within this time. Modules that have to be preloaded for it
  /// may take three quarters of it.
  std::chrono::nanoseconds start_timeout = std::chrono::seconds(10);
  /// With `roll_back`, a crash, or a deadline that was overrun, costs the call that caused it, and
  /// perhaps the effects of others. That call ends as usual, with its report; the context goes on
  /// from the last snapshot; calls that the child had not begun run there. Where calls have ended
  /// since the snapshot that may have changed something, they are *lost*: `on_event` is told how
  /// many, and calls that were made before that could be known end with `state_rolled_back`, or
  /// else the next one. Not when the owner ends the child.
  glovebox::on_crash on_crash = glovebox::on_crash::terminate;
  /// With `roll_back`: snapshots are made by themselves, before the first call, and then after so
  /// many that may have changed something. 1: after each of them, so that nothing is ever lost,
  /// whatever it costs. More: also no more often than costs 5 % of the time. 0: only by
  /// `context::snapshot()`.
  std::uint32_t snapshot_after = 1;
  /// Calls are run also when others were lost.
  bool accept_lost_state = false;
  /// How often in a row, without any call that ends well in between, a context goes back; then it
  /// terminates.
  std::uint32_t max_roll_backs = 8;
  /// How long `stop()` and the destructor let the child finish by itself before they kill it.
  std::chrono::nanoseconds stop_grace = std::chrono::milliseconds(500);
  output standard_output = output::inherit;
  output standard_error = output::tee;
  /// Called with each line of the outputs that are kept (`capture`, `tee`), without its end: on the
  /// context's executor, one after another, also with those that the child wrote last. A line of
  /// more than 4 KiB comes in pieces. The child is never held up: while more than 1 MiB waits to be
  /// passed on, further lines are dropped, and a line says how many. What it throws leaves the
  /// executor's run function, as from any handler.
  std::function<void(std::string_view)> on_output_line;
  /// Called on the context's executor when the child is ready and when it has ended; in a pool, for
  /// each of its children. Exceptions leave the executor's run function, as from any handler.
  std::function<void(const context_event&)> on_event;
  /// `NAME=value` sets, `NAME` unsets a variable in the child's environment.
  std::vector<std::string> environment;
  /// For code in the child, which finds them with `this_child::arguments()`; the child's own work
  /// is not changed by them. Spawned children have them on their command line, where every user of
  /// the machine can read them. Together with the environment and the directory at most 64 KiB.
  std::vector<std::string> arguments;
  /// Open files, pipes and sockets for code in the child, which finds duplicates of them with
  /// `this_child::take_descriptor()`. Each child is given all of them, so children of a pool share
  /// positions and connections. Here they stay open as long as these options, copies of them, and
  /// contexts made with them exist. At most 249; a child is not started with an empty one.
  std::vector<shared_file_descriptor> descriptors;
  /// Directories in which the child looks for modules, before those of the environment's
  /// GLOVEBOX_MODULE_PATH and the one where modules are installed.
  std::vector<std::string> module_path;
  /// Modules that the fork server loads before it forks, once for all children with the same list,
  /// which then have them from their start. Each is tried in a process of its own first: where one
  /// cannot be loaded, crashes or takes too long, no child starts, and its calls end with
  /// `cause::start_failed` and the reason. They may take three quarters of `start_timeout`, all
  /// together; what took longer is tried again for the next child. Where one leaves threads behind,
  /// which a fork would lose, the children are spawned instead; `context::start_note()` says so.
  /// Without effect on `start_method::spawn`.
  std::vector<std::string> preload;
  /// Working directory; empty: the parent's.
  std::string directory;
  /// When the child has crashed, or is ended for a deadline, its end is put off at most for so long
  /// to find out where its threads were: `termination::threads`. A program of its own does that
  /// (`glovebox-backtrace`), mostly within 50 ms; a child that hangs is let live for a quarter of
  /// this at most. 0: nothing is found out, and it is not run.
  std::chrono::nanoseconds backtrace_timeout = std::chrono::seconds(2);
  /// How long the child polls for its next call before it sleeps; 0: it sleeps at once. Waking up
  /// is most of what a short call costs, and this spares it, at the price of a processor while
  /// calls follow one another: when they don't, it stops polling until they do again. 20 to 100 us
  /// are useful. Each child that polls needs a processor, and its parent one more: where there are
  /// fewer, the start fails and says so.
  std::chrono::nanoseconds busy_poll{};
  /// Whether a crash may write a core file. Its calls then end when that is there.
  bool core_dumps = false;
  /// Which calls and starts go wrong on purpose, for tests: see testing.hpp. Null: none.
  std::shared_ptr<testing::fault_plan> faults;
  glovebox::limits limits;
};

}  // namespace glovebox
