// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An application that forgot glovebox::init, and loads C libraries: its children run the host
// program, which can load them, but has no function of this program's. Exits with 0 when all that
// is so.
#include <glovebox/context.hpp>
#include <glovebox/proxy.hpp>
#include <glovebox/remote_exception.hpp>

#include <asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

bool says(const std::exception_ptr& error, std::string_view what) {
  std::string text = "nothing";
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::runtime_error& why) {
    text = why.what();
    if (dynamic_cast<const glovebox::remote_exception*>(&why) && text.find(what) != text.npos)
      return true;
  } catch (...) {
    text = "something else";
  }
  std::fprintf(stderr, "instead of \"%s\" came: %s\n", std::string(what).c_str(), text.c_str());
  return false;
}

}  // namespace

int main() {
  asio::io_context io;
  const glovebox::context ctx(io);
  glovebox::library libm;
  std::exception_ptr load_error, unknown_error, call_error;
  ctx.load_library("libm.so.6", [&](std::exception_ptr error, glovebox::library loaded) {
    load_error = error;
    libm = loaded;
  });
  ctx.load_library("libnothing.so.1",
                   [&](std::exception_ptr error, glovebox::library) { unknown_error = error; });
  io.run();
  io.restart();
  libm.call<double(double)>("cos", 0.5,
                            [&](std::exception_ptr error, double) { call_error = error; });
  io.run();
  // By its declaration it needs nothing of this program.
  const glovebox::proxy declared(libm);
  std::exception_ptr declared_error;
  double cosine = 0;
  io.restart();
  declared.call<double>("double cos(double)", 0.0, [&](std::exception_ptr error, double result) {
    declared_error = error;
    cosine = result;
  });
  io.run();
  const bool called = cosine == 1.0 || says(declared_error, "libffi");
  const bool right = called && !load_error && libm && says(unknown_error, "libnothing.so.1") &&
                     says(call_error, "glovebox::init");
  return right ? 0 : 1;
}
