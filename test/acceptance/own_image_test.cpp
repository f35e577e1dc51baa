// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/acceptance_fixture.hpp"

BOOST_AUTO_TEST_SUITE(own_image_test)

using namespace glovebox::test;

BOOST_FIXTURE_TEST_CASE(children_run_this_program, with_module) {
  BOOST_TEST(module.call<std::string>("program") ==
             std::filesystem::read_symlink("/proc/self/exe").string());
}

BOOST_AUTO_TEST_SUITE_END()
