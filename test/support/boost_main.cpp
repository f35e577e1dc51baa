// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The main of tests: a child started from a test's own image must be caught before Boost.Test looks
// at its arguments. Test files include <boost/test/unit_test.hpp> and define no BOOST_TEST_MODULE.
#include <glovebox/init.hpp>

#include <boost/test/unit_test.hpp>

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  auto name_the_module = [] {
    boost::unit_test::framework::master_test_suite().p_name.value = "glovebox";
    return true;
  };
  return boost::unit_test::unit_test_main(name_the_module, argc, argv);
}
