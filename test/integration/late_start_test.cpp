// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Children that start when their context has given them up.
#include "integration/life.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace late_start_test {

using namespace life;
using glovebox::context;
using glovebox::context_options;
using glovebox::phase;
using glovebox::process_terminated;

int mark_and_stay(const std::string& file) {
  mark(file, 1);
  wait_for_ever();
}

struct world {
  asio::io_context io;
  temporary_directory place;
};

// The fork server is so slow that the context has given the child up when it starts. It must not
// run calls that were reported as never started, and not live on.
void start_late(world& here, const std::function<void(std::optional<context>&)>& give_up,
                const context_options& options) {
  const std::string file = here.place.file("marks");
  const context first(here.io);
  ending server_pid, call, awake;
  first.call<&parent_pid>(into(server_pid));
  run_until_over(here.io, server_pid);
  const process_watch server(server_pid.value);
  server.send(SIGSTOP);
  std::optional<context> late(std::in_place, here.io, options);
  late->call<&mark_and_stay>(file, into(call));
  give_up(late);
  run_until_over(here.io, call);
  server.send(SIGCONT);
  BOOST_TEST(call.as<process_terminated>().phase() == phase::queued);
  // The server does one thing after the other: when this child has started, the late one has, too.
  const context next(here.io);
  next.call<&echo>(5, into(awake));
  run_until_over(here.io, awake);
  BOOST_TEST(eventually([&] {
    here.io.restart();
    here.io.poll();
    return children_of(server_pid.value).size() == 2;  // the first and the next
  }));
  BOOST_TEST(marks(file).empty());
}

BOOST_FIXTURE_TEST_SUITE(late_start, world)

BOOST_AUTO_TEST_CASE(killed_before) {
  start_late(*this, [](std::optional<context>& late) { late->kill(); }, {});
}
BOOST_AUTO_TEST_CASE(destroyed_before) {
  start_late(*this, [](std::optional<context>& late) { late.reset(); }, {});
}
BOOST_AUTO_TEST_CASE(after_the_start_timeout) {
  context_options options;
  options.start_timeout = soon;
  start_late(
      *this, [](std::optional<context>&) {}, options);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace late_start_test
