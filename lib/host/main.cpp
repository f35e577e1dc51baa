// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The program that children run when the application's own image cannot be used: it holds nothing
// but the library, so modules and C libraries are all that can be loaded into it.
#include <glovebox/init.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  glovebox::init(argc, argv);  // in a child this is the last line that runs
  std::fputs(
      "glovebox-host: this program is started by the glovebox library to run code in a child\n"
      "process; it does nothing when started by hand.\n",
      stderr);
  return 2;
}
