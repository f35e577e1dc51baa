// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "histogram.hpp"

#include <boost/test/unit_test.hpp>

namespace histogram_test {

using image_service::histogram;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_histogram)

BOOST_AUTO_TEST_CASE(is_empty_at_first) {
  const histogram times;
  BOOST_TEST(times.count() == 0u);
  BOOST_TEST(times.quantile(0.99) == 0);
}

// A time that is equal to a bound belongs below it: Prometheus' `le`.
BOOST_AUTO_TEST_CASE(counts_up_to_its_bounds) {
  histogram times;
  times.add(1ms);
  times.add(1001us);
  times.add(60s);
  BOOST_TEST(times.count_up_to(0) == 0u);
  BOOST_TEST(times.count_up_to(1) == 1u);
  BOOST_TEST(times.count_up_to(2) == 2u);
  BOOST_TEST(times.count_up_to(histogram::bounds.size() - 1) == 2u);
  BOOST_TEST(times.count() == 3u);
  BOOST_TEST(times.longest() == 60);
}

BOOST_AUTO_TEST_CASE(estimates_quantiles_within_bounds) {
  histogram times;
  for (int i = 0; i != 99; ++i) times.add(3ms);
  times.add(700ms);
  BOOST_TEST(times.quantile(0.5) > 0.0025);
  BOOST_TEST(times.quantile(0.5) <= 0.005);
  BOOST_TEST(times.quantile(0.99) <= 0.005);
  BOOST_TEST(times.quantile(1) > 0.5);
  BOOST_TEST(times.quantile(1) <= 0.7);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace histogram_test
