// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A main that does not call glovebox::init, so children run `glovebox-host`.
#include <boost/test/unit_test.hpp>

int main(int argc, char** argv) {
  return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
