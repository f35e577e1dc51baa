// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "support/time_scale.hpp"

#include <boost/test/unit_test.hpp>

namespace glovebox::test {

/// A precondition of tests with snapshots: ThreadSanitizer has a thread in every process.
inline boost::test_tools::assertion_result can_copy(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result possible(!under_thread_sanitizer);
  possible.message() << "ThreadSanitizer's own thread keeps children from being copied";
  return possible;
}

}  // namespace glovebox::test
