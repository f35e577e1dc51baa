// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Latency and throughput of calls, typed and dynamic, beside the least that a socket needs for
// them.
#include "figures.hpp"
#include "raw.hpp"

#include <glovebox/glovebox.hpp>
#include <glovebox/import.hpp>
#include <glovebox/module.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int pings = 2000;
constexpr int messages = 100'000;
constexpr int few = 64;
constexpr int many = 10'000;
constexpr auto busy_poll = std::chrono::microseconds(100);

double microseconds(clock_type::duration time, int each) {
  return std::chrono::duration<double, std::micro>(time).count() / each;
}

int add(int a, int b) {
  return a + b;
}

/// How long the io_context runs for what `body` begins [us each].
/// \param polls whether it looks for work for a while before it sleeps
template <class Body>
double run(asio::io_context& io, int each, Body&& body, bool polls = false) {
  const auto start = clock_type::now();
  body();
  io.restart();
  if (polls)
    glovebox::run_polling(io, busy_poll);
  else
    io.run();
  return microseconds(clock_type::now() - start, each);
}

/// One call after the other: the median [us]. \param call of an int: what a coroutine awaits
template <class Call>
double latency(asio::io_context& io, const Call& call, bool polls = false) {
  std::vector<double> each;
  const auto ping = [&]() -> asio::awaitable<void> {
    for (int i = 0; i != pings; ++i) {
      const auto start = clock_type::now();
      co_await call(i);
      each.push_back(microseconds(clock_type::now() - start, 1));
    }
  };
  const auto begin = [&] {
    asio::co_spawn(io, ping, [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  };
  run(io, pings, begin, polls);
  return bench::median(std::move(each));
}

/// So many at a time. \param call of an int and a handler
template <class Call>
double pipelined(asio::io_context& io, int in_flight, const Call& call) {
  int started = 0;
  std::function<void()> next = [&] {
    if (started == messages) return;
    call(++started, [&](std::exception_ptr error, int) {
      if (error) std::rethrow_exception(error);
      next();
    });
  };
  return run(io, messages, [&] {
    for (int i = 0; i != in_flight; ++i) next();
  });
}

}  // namespace

GLOVEBOX_MODULE(bench_calls, m) {
  m.def("add", &add);
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  const bench::echo peer;
  asio::io_context io(1);
  const glovebox::context child(io);
  auto loading = glovebox::load_module(child, "bench_calls", asio::use_future);
  io.run();
  const glovebox::proxy module = loading.get();

  const auto typed = [&](int i) { return child.call<&add>(i, 1); };
  const auto dynamic = [&](int i) { return module.call<int>("add", i, 1); };
  const auto typed_then = [&](int i, auto then) { child.call<&add>(i, 1, then); };
  const auto dynamic_then = [&](int i, auto then) { module.call<int>("add", i, 1, then); };
  const auto raw_latency = [&] { return peer.ping(pings); };
  const auto raw_throughput = [&] { return peer.pipeline(messages, few); };
  const auto on = [](bench::placement how, pid_t other, const auto& measure) {
    return [how, other, measure] {
      const bench::placed here(how, other);
      return measure();
    };
  };
  const auto apart = [&](const auto& measure) {
    return on(bench::placement::apart, child.pid(), measure);
  };
  const auto raw_apart = [&](const auto& measure) {
    return on(bench::placement::apart, peer.pid(), measure);
  };
  const auto typed_latency = [&] { return latency(io, typed); };
  glovebox::context_options polls;
  polls.busy_poll = busy_poll;
  const auto polling_latency = [&](bool parent_too) {
    const glovebox::context awake(io, polls);  // no longer than needed: it takes a processor
    auto ready = awake.start(asio::use_future);
    io.restart();
    io.run();
    ready.get();
    const bench::placed here(bench::placement::apart, awake.pid());
    return latency(
        io, [&](int i) { return awake.call<&add>(i, 1); }, parent_too);
  };
  return bench::run(
      {
          {"call latency", "us", apart(typed_latency), raw_apart(raw_latency), 1.3},
          {"call latency, one processor", "us",
           on(bench::placement::together, child.pid(), typed_latency),
           on(bench::placement::together, peer.pid(), raw_latency), 1.3},
          {"call latency, busy_poll", "us", [&] { return polling_latency(false); },
           raw_apart(raw_latency), 0.6},
          {"the same, and run_polling", "us", [&] { return polling_latency(true); },
           raw_apart(raw_latency), 0.6},
          {"dynamic call latency", "us", apart([&] { return latency(io, dynamic); }),
           raw_apart(raw_latency), 1.4},
          {"64 calls in flight", "us/call", apart([&] { return pipelined(io, few, typed_then); }),
           raw_apart(raw_throughput), 1 / 0.65},
          {"64 dynamic calls in flight", "us/call",
           apart([&] { return pipelined(io, few, dynamic_then); }), raw_apart(raw_throughput),
           1 / 0.4},
          {"10,000 calls in flight", "us/call",
           apart([&] { return pipelined(io, many, typed_then); }), raw_apart(raw_throughput),
           1 / 0.65},
      },
      argc, argv);
}
