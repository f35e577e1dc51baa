// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The same calls as in calls.cpp with Cap'n Proto's RPC over a socket to a forked child, beside the
// same raw baselines. Its child may crash no more safely than any other: nobody tells why, and what
// was under way fails with "disconnected".
#include "figures.hpp"
#include "raw.hpp"

#include "adder.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int pings = 2000;
constexpr int messages = 20'000;
constexpr int few = 64;

double microseconds(clock_type::duration time, int each) {
  return std::chrono::duration<double, std::micro>(time).count() / each;
}

class adder final : public Adder::Server {
 protected:
  kj::Promise<void> add(AddContext context) override {
    const auto numbers = context.getParams();
    context.getResults().setSum(numbers.getA() + numbers.getB());
    return kj::READY_NOW;
  }
};

[[noreturn]] void serve(int fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(fd);
  capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
  const auto server = capnp::makeRpcServer(network, kj::heap<adder>());
  network.onDisconnect().wait(io.waitScope);
  ::_exit(0);
}

class child {
 public:
  child() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::runtime_error("socketpair");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      ::close(ends[0]);
      serve(ends[1]);
    }
    ::close(ends[1]);
    fd_ = ends[0];
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  int fd() const { return fd_; }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
};

auto add(Adder::Client& to, int n) {
  auto request = to.addRequest();
  request.setA(n);
  request.setB(1);
  return request.send();
}

void check(std::int32_t sum, int n) {
  if (sum != n + 1) throw std::runtime_error("a wrong sum");
}

/// One call after the other: the median [us].
double latency(Adder::Client& to, kj::WaitScope& scope) {
  std::vector<double> each;
  for (int i = 0; i != pings; ++i) {
    const auto start = clock_type::now();
    check(add(to, i).wait(scope).getSum(), i);
    each.push_back(microseconds(clock_type::now() - start, 1));
  }
  return bench::median(std::move(each));
}

/// So many at a time [us each].
double pipelined(Adder::Client& to, kj::WaitScope& scope, int in_flight) {
  const auto start = clock_type::now();
  using answer = decltype(add(to, 0));
  std::deque<std::pair<int, answer>> open;
  for (int i = 0; i != messages; ++i) {
    if (open.size() == static_cast<std::size_t>(in_flight)) {
      check(open.front().second.wait(scope).getSum(), open.front().first);
      open.pop_front();
    }
    open.emplace_back(i, add(to, i));
  }
  for (auto& [number, each] : open) check(each.wait(scope).getSum(), number);
  return microseconds(clock_type::now() - start, messages);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::echo raw;
  const child peer;
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(peer.fd());
  capnp::TwoPartyClient client(*stream);
  Adder::Client to = client.bootstrap().castAs<Adder>();

  const auto on = [](bench::placement how, pid_t other, const auto& measure) {
    return [how, other, measure] {
      const bench::placed here(how, other);
      return measure();
    };
  };
  const auto ping = [&] { return latency(to, io.waitScope); };
  const auto raw_ping = [&] { return raw.ping(pings); };
  const auto many = [&] { return pipelined(to, io.waitScope, few); };
  const auto raw_many = [&] { return raw.pipeline(messages, few); };
  using bench::placement;
  const char* const name = "Cap'n Proto";
  return bench::run({{.name = "call latency",
                      .unit = "us",
                      .measured = on(placement::apart, peer.pid(), ping),
                      .baseline = on(placement::apart, raw.pid(), raw_ping),
                      .peer = name},
                     {.name = "call latency, one processor",
                      .unit = "us",
                      .measured = on(placement::together, peer.pid(), ping),
                      .baseline = on(placement::together, raw.pid(), raw_ping),
                      .peer = name},
                     {.name = "64 calls in flight",
                      .unit = "us/call",
                      .measured = on(placement::apart, peer.pid(), many),
                      .baseline = on(placement::apart, raw.pid(), raw_many),
                      .peer = name}},
                    argc, argv);
}
