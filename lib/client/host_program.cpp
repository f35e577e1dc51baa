// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/host_program.hpp"

#include "runtime/own_image.hpp"

#include <cstdlib>

namespace glovebox::client {

std::string host_program() {
  if (runtime::own_image()) return "/proc/self/exe";
  if (const char* const chosen = std::getenv("GLOVEBOX_HOST"); chosen && *chosen) return chosen;
  return GLOVEBOX_HOST_PATH;
}

}  // namespace glovebox::client
