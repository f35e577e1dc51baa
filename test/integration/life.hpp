// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/gate.hpp"
#include "support/time_scale.hpp"

#include <glovebox/context.hpp>
#include <glovebox/failures.hpp>

#include <sys/types.h>
#include <asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace glovebox {

/// How Boost.Test prints the library's enumerations.
template <class E>
requires std::is_enum_v<E> && requires(E value) {
  to_string(value);
}
std::ostream& boost_test_print_type(std::ostream& out, const E& value) {
  return out << to_string(value);
}

}  // namespace glovebox

/// What the tests of life and death share: calls whose ends are looked at later, events of other
/// processes, and functions that run in children.
namespace life {

using namespace std::chrono_literals;
using glovebox::test::gate;
using glovebox::test::temporary_directory;

/// Longest wait for an event that must come. Only a failing test waits that long.
inline constexpr auto patience = 30s * glovebox::test::time_scale;
/// A deadline that is passed on purpose.
inline constexpr std::chrono::milliseconds soon = 60ms * glovebox::test::time_scale;

// ---- in the parent

/// How a call ended. Must outlive it.
struct ending {
  bool over = false;
  int value = 0;
  std::exception_ptr error;

  bool failed() const { return over && error != nullptr; }
  /// \throws std::runtime_error when it ended otherwise
  const glovebox::termination& info() const;
  /// The error, which must be an E.
  template <class E>
  const E& as() const;
};

/// A completion handler that stores how the call ended.
inline auto into(ending& to) {
  return [&to](std::exception_ptr error, int value) {
    if (to.over) std::terminate();  // a call ends once
    to = {.over = true, .value = value, .error = std::move(error)};
  };
}
/// The same where the result does not matter.
inline auto end_of(ending& to) {
  return [&to](std::exception_ptr error, auto&&...) {
    if (to.over) std::terminate();
    to = {.over = true, .error = std::move(error)};
  };
}

/// Runs handlers until the condition holds. \throws std::runtime_error when it never will
void run_until(asio::io_context& io, const std::function<bool()>& met);
void run_until_over(asio::io_context& io, const ending& call);
template <class Endings>
void run_until_all_over(asio::io_context& io, const Endings& calls) {
  for (const ending& each : calls) run_until_over(io, each);
}
/// Runs handlers until none is left: what waits for nothing keeps nothing.
/// \throws std::runtime_error when there is always another one
void run_to_the_end(asio::io_context& io);
/// Lets the child start, so that its pid is known and further calls find it waiting.
void make_ready(asio::io_context& io, const glovebox::context& ctx);

/// A process, watched from outside; keeps its number from being mistaken for another's.
class process_watch {
 public:
  explicit process_watch(pid_t pid);
  ~process_watch();
  process_watch(process_watch&& other) noexcept;
  process_watch& operator=(process_watch&&) = delete;

  /// Waits for the end of the process; false when it does not come.
  bool ends() const;
  bool alive() const;
  void send(int signal) const;

 private:
  int pidfd_;  // -1: it was gone already
};

/// Polls for what no descriptor tells; false when it does not come true.
bool eventually(const std::function<bool()>& met);
/// Without the one that a fork server keeps for whoever wants the next.
std::vector<pid_t> children_of(pid_t parent);
/// That one, once it is there.
pid_t spare_of(pid_t server);
std::size_t open_descriptors();
/// What a process takes [MiB].
double resident_memory(pid_t pid);

/// The numbers in a file that `mark` wrote, in its order.
std::vector<int> marks(const std::string& file);

// ---- in the child

/// A variable of the environment with which an executed image never comes to its main.
inline constexpr const char* hang_at_start = "GLOVEBOX_TEST_HANG_AT_START=1";
/// \returns n
int echo(int n);
/// Waits at a gate, then returns n.
int pass_gate(const std::string& path, int n);
/// Leaves a trace of its execution that survives everything.
int mark(const std::string& file, int n);
int own_pid();
int parent_pid();
int abort_now(int);
[[noreturn]] void wait_for_ever();

template <class E>
const E& ending::as() const {
  if (!failed()) throw std::runtime_error("the call did not fail");
  try {
    std::rethrow_exception(error);
  } catch (const E& e) {
    return e;  // `error` keeps it
  } catch (const std::exception& e) {
    throw std::runtime_error(std::string("another error: ") + e.what());
  }
}

}  // namespace life
