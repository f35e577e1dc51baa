// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "raw.hpp"

#include "figures.hpp"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {
namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::size_t message_bytes = 40;  // a frame with two ints

double microseconds(clock_type::duration time, int each) {
  return std::chrono::duration<double, std::micro>(time).count() / each;
}

void write_all(int fd, const char* data, std::size_t size) {
  while (size != 0) {
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) ::_exit(1);
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void run_on(pid_t who, const cpu_set_t& where) {
  if (::sched_setaffinity(who, sizeof where, &where) != 0)
    throw std::runtime_error("sched_setaffinity");
}

const cpu_set_t& all_processors() {
  static const cpu_set_t all = [] {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0)
      throw std::runtime_error("sched_getaffinity");
    return set;
  }();
  return all;
}

}  // namespace

echo::echo() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(ends[0]);
    static std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t size = ::read(ends[1], buffer.data(), buffer.size());
      if (size <= 0) ::_exit(0);
      write_all(ends[1], buffer.data(), static_cast<std::size_t>(size));
    }
  }
  ::close(ends[1]);
  fd_ = ends[0];
}

echo::~echo() {
  ::close(fd_);
  ::waitpid(pid_, nullptr, 0);
}

double echo::ping(int times) const {
  std::array<char, message_bytes> message{};
  std::vector<double> each;
  for (int i = 0; i != times; ++i) {
    const auto start = clock_type::now();
    write_all(fd_, message.data(), message.size());
    for (std::size_t got = 0; got < message.size();)
      got += static_cast<std::size_t>(::read(fd_, message.data(), message.size() - got));
    each.push_back(microseconds(clock_type::now() - start, 1));
  }
  return median(std::move(each));
}

double echo::pipeline(int messages, int window) const {
  std::array<char, 65536> buffer{};
  const auto start = clock_type::now();
  std::size_t sent = 0, received = 0;
  const std::size_t all = static_cast<std::size_t>(messages) * message_bytes;
  while (received < all) {
    const std::size_t allowed = received / message_bytes + static_cast<std::size_t>(window);
    const std::size_t until = std::min(all, allowed * message_bytes);
    if (until > sent) {
      write_all(fd_, buffer.data(), until - sent);
      sent = until;
    }
    received += static_cast<std::size_t>(::read(fd_, buffer.data(), buffer.size()));
  }
  return microseconds(clock_type::now() - start, messages);
}

placed::placed(placement how, pid_t other) : other_(other) {
  std::array<int, 2> which{};
  std::size_t found = 0;
  for (int i = 0; i != CPU_SETSIZE && found != which.size(); ++i)
    if (CPU_ISSET(i, &all_processors())) which[found++] = i;
  if (how == placement::together || found == 1) which[1] = which[0];
  const auto only = [](int processor) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    return one;
  };
  run_on(0, only(which[0]));
  run_on(other_, only(which[1]));
}

placed::~placed() {
  run_on(0, all_processors());
  run_on(other_, all_processors());
}

}  // namespace bench
