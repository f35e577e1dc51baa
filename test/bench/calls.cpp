// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Latency, throughput and start of children, each beside the least that the system needs for it.
#include "figures.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int pings = 2000;
constexpr int messages = 100'000;
constexpr int in_flight = 64;
constexpr int starts = 30;
constexpr std::size_t message_bytes = 40;  // a frame with two ints

double microseconds(clock_type::duration time, int each) {
  return std::chrono::duration<double, std::micro>(time).count() / each;
}

int add(int a, int b) {
  return a + b;
}

void write_all(int fd, const char* data, std::size_t size) {
  while (size != 0) {
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) ::_exit(1);
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

/// A forked child that sends back what it reads: as fast as a socket can be.
class echo {
 public:
  echo() {
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
  echo(const echo&) = delete;
  echo& operator=(const echo&) = delete;
  ~echo() {
    ::close(fd_);
    ::waitpid(pid_, nullptr, 0);
  }
  int fd() const { return fd_; }

 private:
  pid_t pid_;
  int fd_;
};

double raw_latency(const echo& peer) {
  std::array<char, message_bytes> message{};
  const auto start = clock_type::now();
  for (int i = 0; i != pings; ++i) {
    write_all(peer.fd(), message.data(), message.size());
    for (std::size_t got = 0; got < message.size();)
      got += static_cast<std::size_t>(::read(peer.fd(), message.data(), message.size() - got));
  }
  return microseconds(clock_type::now() - start, pings);
}

double raw_pipelined(const echo& peer) {
  std::array<char, 65536> buffer{};
  const auto start = clock_type::now();
  std::size_t sent = 0, received = 0;
  const std::size_t all = messages * message_bytes;
  while (received < all) {
    const std::size_t window = received / message_bytes + in_flight;
    const std::size_t until = std::min(all, window * message_bytes);
    if (until > sent) {
      write_all(peer.fd(), buffer.data(), until - sent);
      sent = until;
    }
    received += static_cast<std::size_t>(::read(peer.fd(), buffer.data(), buffer.size()));
  }
  return microseconds(clock_type::now() - start, messages);
}

double raw_start() {
  const auto start = clock_type::now();
  for (int i = 0; i != starts; ++i) {
    const echo child;
    char byte = 0;
    write_all(child.fd(), &byte, 1);
    if (::read(child.fd(), &byte, 1) != 1) throw std::runtime_error("read");
  }
  return microseconds(clock_type::now() - start, starts);
}

double latency(asio::io_context& io, const glovebox::context& child) {
  const auto ping = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != pings; ++i) co_await child.call<&add>(i, 1);
  };
  const auto start = clock_type::now();
  asio::co_spawn(io, ping, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  io.run();
  return microseconds(clock_type::now() - start, pings);
}

double pipelined(asio::io_context& io, const glovebox::context& child) {
  int started = 0;
  std::function<void()> next = [&] {
    if (started == messages) return;
    child.call<&add>(++started, 1, [&](std::exception_ptr error, int) {
      if (error) std::rethrow_exception(error);
      next();
    });
  };
  const auto start = clock_type::now();
  for (int i = 0; i != in_flight; ++i) next();
  io.restart();
  io.run();
  return microseconds(clock_type::now() - start, messages);
}

double start_children(asio::io_context& io) {
  const auto make = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != starts; ++i) {
      const glovebox::context child(io);
      co_await child.call<&add>(i, 1);
    }
  };
  const auto start = clock_type::now();
  asio::co_spawn(io, make, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  io.run();
  return microseconds(clock_type::now() - start, starts);
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  const echo peer;
  asio::io_context io(1);
  const glovebox::context child(io);
  return bench::run(
      {
          {"call latency", "us", [&] { return latency(io, child); },
           [&] { return raw_latency(peer); }, 1.3},
          {"64 calls in flight", "us/call", [&] { return pipelined(io, child); },
           [&] { return raw_pipelined(peer); }, 1 / 0.65},
          {"new child to first reply", "us", [&] { return start_children(io); }, raw_start, 1.6},
      },
      argc, argv);
}
