// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What it costs to copy a child and to go back to a copy, once and again and again, beside a plain
// fork in the same child, to the first byte from it; with little memory and with much.
#include "figures.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int copies = 10;  // a round
constexpr std::size_t large = std::size_t{256} << 20;

/// As the raw loop does: what a copy's end takes is no part of the next one's beginning.
void await_end(pid_t pid) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u));
  pollfd ended{.fd = process, .events = POLLIN, .revents = 0};
  if (process >= 0 && ::poll(&ended, 1, 10'000) != 1) throw std::runtime_error("it does not end");
  if (process >= 0) ::close(process);
}

double milliseconds(clock_type::duration time) {
  return std::chrono::duration<double, std::milli>(time).count() / copies;
}

// ---- in the child

std::vector<char> held;
void hold(std::size_t bytes) {
  held.assign(bytes, 'x');
}
int touch(int n) {
  return n + 1;
}

void work() {
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
}

/// Forks, as often as in a round [ms each].
double fork_here() {
  clock_type::duration spent{};
  for (int i = 0; i != copies; ++i) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    const auto begin = clock_type::now();
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::write(ends[1], "c", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte;
    if (::read(ends[0], &byte, 1) != 1) throw std::runtime_error("no byte came");
    spent += clock_type::now() - begin;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  return milliseconds(spent);
}

// ---- in the parent

class subject {
 public:
  subject(asio::io_context& io, std::size_t bytes) : io_(io), child_(io) {
    run([&]() -> asio::awaitable<void> { co_await child_.call<&hold>(bytes); });
  }

  double raw() {
    double cost = 0;
    run([&]() -> asio::awaitable<void> { cost = co_await child_.call<&fork_here>(); });
    return cost;
  }
  double snapshots() {
    clock_type::duration spent{};
    run([&]() -> asio::awaitable<void> {
      for (int i = 0; i != copies; ++i) {
        const auto begin = clock_type::now();
        glovebox::snapshot made = co_await child_.snapshot();
        spent += clock_type::now() - begin;
        co_await child_.call<&touch>(i);
        const pid_t copy = made.pid();
        made = {};
        await_end(copy);
      }
    });
    return milliseconds(spent);
  }
  /// To a snapshot that was not gone back to before.
  double roll_backs() {
    clock_type::duration spent{};
    run([&]() -> asio::awaitable<void> {
      for (int i = 0; i != copies; ++i) {
        const glovebox::snapshot made = co_await child_.snapshot();
        spent += co_await go_back(made);
      }
    });
    return milliseconds(spent);
  }
  /// Always to the same one, by a child that has been busy for a while.
  double further_roll_backs() {
    clock_type::duration spent{};
    run([&]() -> asio::awaitable<void> {
      const glovebox::snapshot made = co_await child_.snapshot();
      for (int i = 0; i != 2; ++i) co_await go_back(made);
      for (int i = 0; i != copies; ++i) {
        co_await child_.call<&work>();
        spent += co_await go_back(made);
      }
    });
    return milliseconds(spent);
  }

 private:
  asio::awaitable<clock_type::duration> go_back(const glovebox::snapshot& to) {
    const pid_t before = child_.pid();
    const auto begin = clock_type::now();
    co_await child_.roll_back(to);
    const auto spent = clock_type::now() - begin;
    await_end(before);
    co_await child_.call<&touch>(1);
    co_return spent;
  }
  template <class F>
  void run(F body) {
    auto done = asio::co_spawn(io_, body, asio::use_future);
    io_.restart();
    io_.run();
    done.get();
  }

  asio::io_context& io_;
  glovebox::context child_;
};

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  subject small(io, 0), big(io, large);
  const auto raw_small = [&] { return small.raw(); };
  const auto raw_big = [&] { return big.raw(); };
  return bench::run(
      {
          {"snapshot of a small child", "ms", [&] { return small.snapshots(); }, raw_small, 1.6},
          {"roll-back of a small child", "ms", [&] { return small.roll_backs(); }, raw_small, 1.6},
          {"further ones of a small child", "ms", [&] { return small.further_roll_backs(); },
           raw_small, 1.6},
          {"snapshot, 256 MiB", "ms", [&] { return big.snapshots(); }, raw_big, 1.6},
          {"roll-back, 256 MiB", "ms", [&] { return big.roll_backs(); }, raw_big, 1.6},
          {"further ones, 256 MiB", "ms", [&] { return big.further_roll_backs(); }, raw_big, 1.6},
      },
      argc, argv);
}
