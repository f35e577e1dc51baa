// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/last_words.hpp"

#include <sys/time.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

namespace glovebox::backtrace {
namespace {

// Whoever waits for a trace waits for seconds at most; so the time that passes is limited as well
// as the time that is used: a file may lie where nobody answers.
constexpr time_t most_seconds = 4;

struct words {
  int fd = -1;
  std::vector<std::byte> message;
};
// Which of the two the handler finds changes in one step.
words kept[2];
std::atomic<const words*> current = nullptr;
static_assert(std::atomic<const words*>::is_always_lock_free);

void say_and_end(int) {
  if (const words* const said = current.exchange(nullptr))
    write_all(said->fd, said->message.data(), said->message.size());
  ::_exit(0);
}

}  // namespace

void write_all(int fd, const std::byte* bytes, std::size_t size) noexcept {
  while (size != 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

last_words::last_words(int fd) {
  kept[0].fd = kept[1].fd = fd;
  // A stack of its own: endless recursion is one of the ways to crash.
  static std::array<std::byte, 64 * 1024> stack;
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  ::sigaltstack(&alternate, nullptr);
}

void last_words::prepare(std::vector<std::byte> message) {
  words& next = current == &kept[0] ? kept[1] : kept[0];
  next.message = std::move(message);
  const bool first = current.exchange(&next) == nullptr;
  if (!first) return;
  struct sigaction action {};
  action.sa_handler = say_and_end;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGALRM, SIGSYS}) {
    ::sigaction(number, &action, nullptr);
    sigset_t unblocked;
    ::sigemptyset(&unblocked);
    ::sigaddset(&unblocked, number);
    ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr);
  }
  itimerval timer{};
  timer.it_value.tv_sec = most_seconds;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void last_words::withdraw() {
  current = nullptr;
  // The timer and the handler stay: a reader that does not read is not waited for either.
}

}  // namespace glovebox::backtrace
