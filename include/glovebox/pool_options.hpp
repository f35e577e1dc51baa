// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>
#include <glovebox/context_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>

namespace glovebox {

class context;

/// What a pool tells about one of its calls: see `pool_options::on_call`.
struct pool_call_event {
  enum class kind : std::uint8_t {
    started,  ///< given to a child; once more when that died before it began
    ended,
    refused,  ///< never given to one: `overloaded`, a deadline in the queue, poison
  };
  kind what;
  std::uint64_t call;  ///< the same number at its start and its end
  std::string method;  ///< as a person would write it
  pid_t child;         ///< that runs or ran it; 0: none, or not yet known at its start
  std::chrono::nanoseconds waited{};  ///< for a child
  std::chrono::nanoseconds ran{};     ///< since it was given to the child; 0 at its start
  std::exception_ptr error;           ///< null: it returned, or has only started
};

/// What a call of a pool shares with the calls before it.
enum class isolation : std::uint8_t {
  reuse,  ///< the child, until it dies: the fastest
  copy,   ///< nothing but what `prepare` has made: each call runs in a copy of a child made ready
          ///< once
  fresh,  ///< nothing: each call has a new child
};

/// How many children a pool keeps, and what it does with too much work and with dying children.
/// Holds strings, so on g++ 12 it must not be written in braces inside a `co_await` expression.
struct pool_options {
  /// Children kept alive.
  std::size_t size = 2;
  /// How each of them is started and bounded.
  context_options child;
  /// Calls given to one child at a time. More than one hides the way to the child and back, which
  /// pays for calls shorter than about 0.1 ms; such calls then also wait for each other.
  std::size_t calls_per_child = 1;
  /// Calls that may wait for a child; one more ends with `overloaded`.
  std::size_t max_queue = 65536;
  /// How often a call is sent again that was queued in a child that died. One that had started is
  /// never sent again.
  std::uint32_t max_retries = 2;
  /// Pause before a child is started again after one that died before it was ready; doubled each
  /// time, up to `longest_pause`.
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(50);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(5);
  /// Children that may die within `restart_window`; one more is started again only when the window
  /// has moved on. 0: any number.
  std::uint32_t restart_budget = 0;
  std::chrono::nanoseconds restart_window = std::chrono::seconds(10);
  /// Calls after which a child is replaced by a fresh one, against what leaks; 0: never. Those that
  /// were made through a lease count when it ends.
  std::uint64_t calls_per_life = 0;
  /// `copy` and `fresh` give each call a child of its own; then `calls_per_child` and
  /// `calls_per_life` are 1. Children wait ready for their call in any case.
  glovebox::isolation isolation = glovebox::isolation::reuse;
  /// How long a call may wait for a child, whatever its own deadline is; then it ends with
  /// `overloaded`. 0: as long as it takes.
  std::chrono::nanoseconds queue_timeout{};
  /// Children that the same call (function and argument bytes) may kill, or hold up until its
  /// deadline; after them it ends with the last one's report, whose `refused_after` is set,
  /// without being run. 0: any number.
  std::uint32_t poison_after = 0;
  /// How long such a call is remembered after its last victim.
  std::chrono::nanoseconds poison_time = std::chrono::minutes(10);
  /// How long `stop()` waits for the calls made so far; those that are left end with
  /// `process_terminated` then. 0: as long as it takes.
  std::chrono::nanoseconds drain_timeout{};
  /// Makes a new child ready for its calls, for example loads a model: the child gets none before
  /// this has returned. When it throws, the child is replaced, after a pause; a call that waits for
  /// the (`max_retries` + 1)-th time ends with what was thrown. Runs on the pool's executor.
  std::function<asio::awaitable<void>(context)> prepare;
  /// Tells whether a child that has nothing to do is well, by returning: when it throws, or a call
  /// that it makes takes longer than `check_timeout`, the child is replaced. Every child is checked
  /// each `check_interval`, and until the pool is stopped or destroyed its executor has work.
  std::function<asio::awaitable<void>(context)> check;
  std::chrono::nanoseconds check_interval = std::chrono::seconds(30);
  std::chrono::nanoseconds check_timeout = std::chrono::seconds(5);
  /// For logs and tracing. Called on the pool's executor, in the order in which things happened.
  std::function<void(const pool_call_event&)> on_call;
};

/// Counters of a pool since its start.
struct pool_stats {
  std::size_t children = 0;      ///< alive now
  std::size_t running = 0;       ///< calls given to children now
  std::size_t queued = 0;        ///< calls waiting for a child now
  std::uint64_t calls = 0;       ///< taken
  std::uint64_t completed = 0;   ///< ended, one way or another
  std::uint64_t started = 0;     ///< children started
  std::uint64_t terminated = 0;  ///< children that ended while they were needed
  std::uint64_t retried = 0;     ///< calls sent again
  std::uint64_t rejected = 0;    ///< calls ended with `overloaded`
  std::uint64_t poisonous = 0;   ///< calls not run because they had killed children
  std::uint64_t recycled = 0;    ///< children replaced after `calls_per_life`
  std::uint64_t unwell = 0;      ///< children replaced after a check, or as `prepare` had failed
  std::size_t leased = 0;        ///< children that somebody has for himself now
};

}  // namespace glovebox
