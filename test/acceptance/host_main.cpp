// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A main that does not call glovebox::init, so children run `glovebox-host`.
#include "acceptance/acceptance_fixture.hpp"

#include <cstdlib>

namespace {

using namespace glovebox::test;

BOOST_FIXTURE_TEST_CASE(children_run_the_host_program, with_module) {
  BOOST_TEST(module.call<std::string>("program") == std::getenv("GLOVEBOX_HOST"));
}

}  // namespace

int main(int argc, char** argv) {
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
