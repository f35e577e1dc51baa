// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Given to root with the set-user-ID bit: exits with 10 when that made it root, otherwise with 20.
#include <unistd.h>

int main() {
  return ::geteuid() == 0 ? 10 : 20;
}
