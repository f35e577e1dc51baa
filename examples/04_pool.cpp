// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A pool of children: crashes cost the calls that caused them, and nothing else.
#include <glovebox/glovebox.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <vector>

int parse(int input) {
  if (input % 100 == 13) std::abort();
  return input * 2;
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  glovebox::pool_options options;
  options.size = 3;
  options.calls_per_child = 4;  // short calls: hide the way there and back
  glovebox::pool pool(io, options);

  int good = 0;
  std::vector<int> crashed;
  for (int input = 0; input != 1000; ++input) {
    pool.call<&parse>(input, [&, input](std::exception_ptr error, int result) {
      if (!error && result == 2 * input) ++good;
      if (glovebox::error_of(error).culprit == glovebox::culprit::yes) crashed.push_back(input);
    });
  }
  io.run();

  std::sort(crashed.begin(), crashed.end());
  std::cout << good << " good, crashed on:";
  for (const int input : crashed) std::cout << ' ' << input;
  std::cout << "\nchildren ended: " << pool.stats().terminated << '\n';
}
