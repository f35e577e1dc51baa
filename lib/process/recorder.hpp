// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/crash_record.hpp"
#include "transport/unique_fd.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glovebox::process {

/// The flight recorder: memory that parent and child share and that outlives the child, so that
/// any death, SIGKILL too, leaves behind which call was running, and the replies not yet sent.
///
/// The parent creates and seals it (its size can never change), so reading it never faults. Its
/// bytes are the child's to write at any time: the parent copies a value out once, then checks it.
struct recorder_page {
  static constexpr std::uint32_t magic_value = 0x31764247;  // "GBv1"
  static constexpr std::uint32_t ring_bytes = 256 * 1024;
  static constexpr std::uint32_t skip_bits = 64 * 1024;
  static constexpr std::uint32_t most_nested = 256;

  std::uint32_t magic;
  // Of the parent's limits, set before the start.
  std::uint64_t reply_limit;       ///< largest message it accepts [bytes]
  std::uint32_t descriptor_limit;  ///< descriptors of one message
  std::uint32_t callback_limit;    ///< callbacks open at the same time
  std::uint64_t crash_wait;        ///< how long it may wait to be looked at when it crashes [ns]
  std::uint64_t busy_poll;         ///< how long to poll before it sleeps [ns]
  std::uint32_t in_process;        ///< 1: the child is a thread of the parent's process

  /// Calls run in the order of their ids, so two numbers tell the phase of all of them.
  alignas(64) std::atomic<std::uint64_t> last_started;
  std::atomic<std::uint64_t> last_finished;
  std::atomic<std::uint64_t> started_at;  ///< CLOCK_MONOTONIC of what runs [ns]

  /// Nested calls start in the order of their ids, too, but do not end in it: those that run are
  /// kept as a stack, the outermost first.
  std::atomic<std::uint64_t> last_nested_started;
  std::atomic<std::uint32_t> nested_depth;
  std::atomic<std::uint64_t> nested_running[most_nested];

  /// The send ring, addressed by offsets in the child's outgoing byte stream. The bytes
  /// [ring_from, ring_head) are complete frames at offset % ring_bytes. The parent knows how much
  /// of the stream it has received, so what it lacks is [received, ring_head).
  std::atomic<std::uint64_t> ring_from;
  std::atomic<std::uint64_t> ring_head;

  /// Evidence for the classification, written by the child's handlers.
  std::atomic<std::uint32_t> allocation_failed;  ///< operator new ran out of memory this often
  std::atomic<std::uint32_t> exec_errno;         ///< why the host could not be executed; 0: it was
  std::atomic<std::uint32_t> start_errno;  ///< why the child's preparation failed; 0: it did not
  std::atomic<std::uint32_t> start_stage;  ///< which step, see start_stage in messages.hpp
  std::atomic<std::uint32_t> exiting;      ///< 1: left through exit(), not by a crash
  /// Written by the parent: bit id % skip_bits asks the child not to start that call, or to stop it
  /// if it runs; the parent clears it once the call has ended. The child
  /// stores last_started first and looks second, the parent stores the bit first and looks second
  /// (both sequentially consistent), so at least one of them sees the other.
  alignas(64) std::atomic<std::uint64_t> skip[skip_bits / 64];
  /// The same for nested calls, whose last_started is last_nested_started.
  alignas(64) std::atomic<std::uint64_t> nested_skip[skip_bits / 64];
  /// Written by the parent of a child that is a thread, before it sets all of these bits: 1: it is
  /// to end. What was sent already is not started any more.
  std::atomic<std::uint32_t> over;
  /// Changed, and its waiters woken (futex(2)), when a bit of a call that runs was set.
  alignas(64) std::atomic<std::uint32_t> bell;

  alignas(64) std::byte ring[ring_bytes];

  alignas(64) crash_record crash;
};

/// A mapping of a flight recorder. Movable; unmaps at its end.
class recorder {
 public:
  recorder() = default;
  recorder(recorder&& other) noexcept;
  recorder& operator=(recorder&& other) noexcept;
  ~recorder();

  /// Parent: creates, sizes, seals (SHRINK|GROW|SEAL) and maps one; `descriptor` receives the
  /// memfd for the child. \throws std::system_error
  static recorder create(transport::unique_fd& descriptor);
  /// Child: maps the one it was given. \throws std::system_error
  static recorder attach(int descriptor);

  explicit operator bool() const noexcept { return page_ != nullptr; }
  recorder_page* operator->() const noexcept { return page_; }
  recorder_page& operator*() const noexcept { return *page_; }

 private:
  recorder_page* page_ = nullptr;
};

/// Child: maps another recorder where this one is. False, with errno, when it can't be.
bool replace(recorder_page& page, int descriptor) noexcept;

/// Whether the parent wishes this call not to run (any more).
bool is_marked(const recorder_page& page, std::uint64_t call) noexcept;
/// Sets the mark.
void mark(recorder_page& page, std::uint64_t call) noexcept;
/// Clears it. \returns whether it was set
bool unmark(recorder_page& page, std::uint64_t call) noexcept;
void ring_bell(recorder_page& page) noexcept;
/// Asks a child that is a thread to end: stops what runs, and has it start nothing any more.
void mark_over(recorder_page& page) noexcept;
/// Lets go on what waits for that word, in any process (futex(2)).
void wake(std::atomic<std::uint32_t>& word) noexcept;
/// Returns when the bell is not what it was, and sometimes without that.
void await_bell(recorder_page& page, std::uint32_t was) noexcept;

/// Parent: copies out of the ring what it has not received of the child's stream. Empty when there
/// is nothing, or when the recorder's numbers are implausible. Also allowed while the child lives:
/// what it overwrites meanwhile is noticed, and nothing is returned.
std::vector<std::byte> unsent_replies(const recorder& from, std::uint64_t received);

}  // namespace glovebox::process
