// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An application that forgot glovebox::init, so its children run the host program. Its argument is
// a host that does not exist, and GLOVEBOX_HOST names it; exits with 0 when the calls say so.
#include <glovebox/context.hpp>
#include <glovebox/failures.hpp>

#include <asio/io_context.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>

namespace {

int echo(int n) {
  return n;
}

bool tells_why(const std::exception_ptr& error, const std::string& host) {
  const glovebox::termination* const info = glovebox::error_of(error).info;
  if (!info) return false;
  const bool right = info->cause == glovebox::cause::exec_failed && info->error_number == ENOENT &&
                     info->phase == glovebox::phase::queued &&
                     info->report().find(host) != std::string::npos;
  if (!right) std::fputs(info->report().c_str(), stderr);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string host = argv[1];
  asio::io_context io;
  std::exception_ptr start_error, call_error, late_error;
  const glovebox::context ctx(io);
  ctx.start([&](std::exception_ptr error) { start_error = error; });
  ctx.call<&echo>(1, [&](std::exception_ptr error, int) { call_error = error; });
  io.run();
  io.restart();
  ctx.call<&echo>(1, [&](std::exception_ptr error, int) { late_error = error; });
  io.run();
  const bool right =
      tells_why(start_error, host) && tells_why(call_error, host) && tells_why(late_error, host);
  return right ? 0 : 1;
}
