// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"

#include <string>

namespace glovebox::test {

/// What a plug-in offers to the program that loads it. Each calls something of the plug-in's in the
/// context's child.
struct plugin {
  std::string (*lambda)(const context&);
  std::string (*shared)(const context&);
  std::string (*object)(const context&);
};

/// Both plug-ins have it.
inline std::string shared_by_plugins(int n) {
  return "shared " + std::to_string(n);
}

}  // namespace glovebox::test

/// Found by dlsym in each plug-in.
extern "C" __attribute__((visibility("default"))) const glovebox::test::plugin glovebox_test_plugin;
