// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What is told of a crash, a hang and an exception: where it happened, and with what.
#include <glovebox/glovebox.hpp>
#include <glovebox/symbolize.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <unistd.h>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// ---- code that fails

int pixel(const std::vector<int>* image, std::size_t at) {
  return (*image)[at];
}
int decode(const std::string& name, int level) {
  std::cerr << "decoding " << name << '\n';
  const std::vector<int>* const image = level > 2 ? nullptr : new std::vector<int>(10);
  return pixel(image, 3) + 1;
}

void converge(double x) {
  while (x != 0.1) x = x / 2 + 0.05 + 1e-9;
}

void parse(const std::string& text) {
  if (text.empty()) throw std::invalid_argument("an empty text");
}

// ---- and who calls it

asio::awaitable<void> watch_it_fail(asio::io_context& io) {
  const auto style = glovebox::wants_colour(STDOUT_FILENO) ? glovebox::report_style::coloured
                                                           : glovebox::report_style::plain;
  glovebox::context first(io);
  try {
    co_await first.call<&decode>("a.png", 3);
  } catch (const glovebox::process_terminated& crash) {
    std::cout << crash.info().report(style) << '\n';
  }

  glovebox::context second(io);
  try {
    co_await second.with({.timeout = 100ms}).call<&converge>(1);
  } catch (const glovebox::call_timeout& late) {
    std::cout << late.info().report(style) << '\n';
  }

  // What was thrown has its addresses with it; names are looked up only here.
  glovebox::context third(io);
  try {
    co_await third.call<&parse>("");
  } catch (const glovebox::remote_exception& thrown) {
    glovebox::thread_trace trace;
    trace.frames = glovebox::symbolize(thrown.stack());
    std::cout << thrown.type_name() << ": " << thrown.message() << '\n' << to_text(trace, "  ");
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  co_spawn(io, watch_it_fail(io), asio::detached);
  io.run();
}
