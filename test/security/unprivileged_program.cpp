// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An application that is not root's and asks for a jail: it writes what it is told, then whether
// its child still works.
#include <glovebox/glovebox.hpp>

#include <asio/io_context.hpp>
#include <cstdio>

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  const glovebox::context ctx(io);
  glovebox::jail_options options("/usr", 1000, 1000);
  options.modules = {"/usr/lib/nothing.so"};
  ctx.jail(options, [](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
      std::puts("jailed");
    } catch (const std::exception& e) {
      std::puts(e.what());
    }
  });
  ctx.call([] { return 42; },
           [](std::exception_ptr error, int answer) { std::printf("%d\n", error ? 0 : answer); });
  io.run();
}
