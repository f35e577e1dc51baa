// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Random scripts of what an application may do with contexts and pools, in any order: whatever it
// is, each handler is called once, or destroyed with the execution context. A script that breaks
// this is shortened before it is shown; GLOVEBOX_TEST_SEED repeats one.
#include "integration/model.hpp"
#include "integration/life.hpp"
#include "support/dice.hpp"
#include "support/long_run.hpp"

#include <algorithm>

#include <boost/test/unit_test.hpp>

namespace model_test {

using glovebox::test::dice;
using glovebox::test::seeds;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(model)

BOOST_AUTO_TEST_CASE(every_handler_is_called_once_or_destroyed) {
  for (const auto seed :
       seeds(static_cast<std::uint32_t>(glovebox::test::repetitions(10'000, 500)))) {
    const script made = random_script(seed);
    const std::string what = play(made, life::patience);
    if (what.empty()) continue;
    const auto fails = [](const script& part) { return !play(part, 2s).empty(); };
    BOOST_ERROR("GLOVEBOX_TEST_SEED=" << seed << ": " << what << "\nshortest script:\n"
                                      << shorten(made, fails));
  }
}

// That a script which fails is shortened to what matters.
BOOST_AUTO_TEST_CASE(scripts_are_shortened) {
  const auto fails = [](const script& s) {
    const auto is = [](verb what) {
      return [what](const step& each) { return each.what == what; };
    };
    const auto first = std::find_if(s.begin(), s.end(), is(verb::call_echo));
    return std::find_if(first, s.end(), is(verb::poll)) != s.end();
  };
  std::uint32_t seed = 1;
  while (!fails(random_script(seed))) ++seed;
  const script whole = random_script(seed);
  const script shortest = shorten(whole, fails);
  BOOST_TEST_REQUIRE(shortest.size() == 2u);
  BOOST_TEST((shortest[0].what == verb::call_echo));
  BOOST_TEST((shortest[1].what == verb::poll));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace model_test
