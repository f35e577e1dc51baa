// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/host_program.hpp"

#include "runtime/own_image.hpp"

#include <cstdlib>
#include <utility>

namespace glovebox::client {

namespace {

std::string& chosen_program() {
  static auto* const chosen = new std::string;
  return *chosen;
}

}  // namespace

void choose_host_program(std::string path) {
  chosen_program() = std::move(path);
}

std::string host_program() {
  if (!chosen_program().empty()) return chosen_program();
  if (runtime::own_image()) return "/proc/self/exe";
  if (const char* const chosen = std::getenv("GLOVEBOX_HOST"); chosen && *chosen) return chosen;
  return GLOVEBOX_HOST_PATH;
}

}  // namespace glovebox::client
