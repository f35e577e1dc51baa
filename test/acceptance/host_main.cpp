// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A main that does not call glovebox::init, so children run `glovebox-host`.
#define BOOST_TEST_MODULE glovebox
#include "acceptance/acceptance_fixture.hpp"

#include <cstdlib>

namespace {

using namespace glovebox::test;

BOOST_FIXTURE_TEST_CASE(children_run_the_host_program, with_module) {
  BOOST_TEST(module.call<std::string>("program") == std::getenv("GLOVEBOX_HOST"));
}

}  // namespace
