// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Going over a million numbers of a remote container, item by item, beside a process that writes
// the same numbers into a socket and one that reads them.
#include "figures.hpp"

#include <glovebox/glovebox.hpp>
#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int items = 1'000'000;
constexpr std::int64_t sum_of_items = std::int64_t{items} * (items - 1) / 2;

std::vector<int> numbers() {
  std::vector<int> all(items);
  std::iota(all.begin(), all.end(), 0);
  return all;
}
std::shared_ptr<std::vector<int>> shared_numbers() {
  return std::make_shared<std::vector<int>>(numbers());
}

GLOVEBOX_MODULE(streams, m) {
  m.class_<std::vector<int>>("Numbers");
  m.def("numbers", &shared_numbers);
}

double per_item(clock_type::duration time) {
  return std::chrono::duration<double, std::micro>(time).count() / items;
}

void check(std::int64_t sum) {
  if (sum != sum_of_items) throw std::runtime_error("items were lost");
}

/// A forked child that writes all numbers into a socket, as many at a time as a chunk has.
double raw() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    char go;
    if (::read(ends[1], &go, 1) != 1) ::_exit(1);
    static std::array<int, 4096> chunk;
    for (int next = 0; next != items;) {
      std::size_t count = 0;
      while (count != chunk.size() && next != items) chunk[count++] = next++;
      const char* data = reinterpret_cast<const char*>(chunk.data());
      for (std::size_t left = count * sizeof(int); left != 0;) {
        const ssize_t sent = ::send(ends[1], data, left, MSG_NOSIGNAL);
        if (sent <= 0) ::_exit(1);
        data += sent;
        left -= static_cast<std::size_t>(sent);
      }
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  const auto start = clock_type::now();
  if (::write(ends[0], "g", 1) != 1) throw std::runtime_error("write");
  std::int64_t sum = 0;
  std::array<char, 65536> buffer;
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(ends[0], buffer.data() + filled, buffer.size() - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
    const std::size_t whole = filled / sizeof(int) * sizeof(int);
    for (std::size_t at = 0; at != whole; at += sizeof(int)) {
      int one;
      std::memcpy(&one, buffer.data() + at, sizeof one);
      sum += one;
    }
    std::memmove(buffer.data(), buffer.data() + whole, filled - whole);
    filled -= whole;
  }
  const auto time = clock_type::now() - start;
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  check(sum);
  return per_item(time);
}

template <class Range>
double iterated(asio::io_context& io, const Range& over) {
  const auto all = [&]() -> asio::awaitable<void> {
    const glovebox::item_range<int> range = co_await over();
    std::int64_t sum = 0;
    while (const std::optional<int> one = co_await range.next()) sum += *one;
    check(sum);
  };
  const auto start = clock_type::now();
  asio::co_spawn(io, all, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  io.run();
  return per_item(clock_type::now() - start);
}

struct remote_numbers {
  glovebox::remote<std::vector<int>> typed;
  glovebox::proxy dynamic;
};

remote_numbers make_numbers(asio::io_context& io, const glovebox::context& child) {
  remote_numbers made;
  const auto make = [&]() -> asio::awaitable<void> {
    made.typed = co_await child.call<&shared_numbers>();
    const glovebox::proxy module = co_await glovebox::load_module(child, "streams");
    made.dynamic = co_await module.call("numbers");
  };
  asio::co_spawn(io, make, [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.restart();
  io.run();
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io(1);
  const glovebox::context child(io);
  const remote_numbers numbers = make_numbers(io, child);
  const auto typed = [&] { return numbers.typed.iterate(); };
  const auto dynamic = [&] { return numbers.dynamic.iterate<int>(); };
  return bench::run(
      {
          // The bar is 1 us an item; in terms of the baseline these are far below it.
          {"item of a remote container, typed", "us", [&] { return iterated(io, typed); }, raw, 25},
          {"item of a remote container, dynamic", "us", [&] { return iterated(io, dynamic); }, raw,
           40},
      },
      argc, argv);
}
