// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A session that a crash costs nothing: the context goes back to how its child was before the call
// that killed it, with all that the child had in memory.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <map>
#include <string>

namespace session {

// The state, in the child.
std::map<std::string, int> variables;

void set(const std::string& name, int value) {
  variables[name] = value;
}
int divide(const std::string& name, int by) {
  // Somebody has forgotten to check.
  volatile int divisor = by;
  return variables.at(name) / divisor;
}
std::size_t count() {
  return variables.size();
}

asio::awaitable<void> run(glovebox::context ctx) {
  for (int i = 0; i != 100; ++i) co_await ctx.call<&set>("v" + std::to_string(i), i);
  std::printf("%zu variables\n", co_await ctx.call<&count>());
  try {
    co_await ctx.call<&divide>(std::string("v42"), 0);
  } catch (const glovebox::process_terminated& why) {
    std::printf("crashed: %s\n", why.info().method.c_str());
  }
  const std::size_t left = co_await ctx.call<&count>();
  const int seven = co_await ctx.call<&divide>(std::string("v42"), 6);
  std::printf("still %zu variables, and v42 / 6 is %d\n", left, seven);

  // By hand: try something, and undo it.
  const glovebox::snapshot before = co_await ctx.snapshot();
  co_await ctx.call<&set>(std::string("v42"), -1);
  co_await ctx.roll_back(before);
  std::printf("undone: v42 is %d\n", co_await ctx.call<&divide>(std::string("v42"), 1));

  // Two futures of one past.
  const glovebox::context other = before.revive();
  co_await other.call<&set>(std::string("w"), 1);
  const std::size_t here = co_await ctx.call<&count>();
  const std::size_t there = co_await other.call<&count>();
  std::printf("%zu here, %zu there\n", here, there);
}

}  // namespace session

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  glovebox::context_options options;
  options.on_crash = glovebox::on_crash::roll_back;
  const glovebox::context ctx(io, options);
  asio::co_spawn(io, session::run(ctx), asio::detached);
  io.run();
}
