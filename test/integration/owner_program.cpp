// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An application that owns children and is killed: it writes the numbers of its fork server, its
// children and a daemon of one of them, a line each and 0 last, and serves its io_context for ever.
#include "support/faults.hpp"

#include <glovebox/context.hpp>
#include <glovebox/init.hpp>

#include <sys/types.h>
#include <unistd.h>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <vector>

namespace {

int parent_pid() {
  return ::getppid();
}
void sleep_for_ever() {
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  std::vector<glovebox::context> children;
  std::vector<int> numbers;
  const auto store = [&numbers] {
    return [&numbers](std::exception_ptr error, int number) {
      if (error) std::terminate();
      numbers.push_back(number);
    };
  };
  for (const auto method : {glovebox::start_method::forkserver, glovebox::start_method::spawn,
                            glovebox::start_method::forkserver}) {
    glovebox::context_options options;
    options.method = method;
    children.emplace_back(io, options);
    children.back().call<&::getpid>(store());
  }
  children[0].call<&parent_pid>(store());
  children[0].call<&glovebox::test::make_daemon>(store());
  while (numbers.size() != children.size() + 2) io.run_one();
  // One child is idle, the others are at work.
  for (int i = 0; i != 2; ++i) children[i].call<&sleep_for_ever>([](std::exception_ptr) {});
  for (const int number : numbers) std::printf("%d\n", number);
  std::puts("0");
  std::fflush(stdout);
  io.run();
}
