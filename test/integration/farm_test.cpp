// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm_fixture.hpp"

BOOST_AUTO_TEST_SUITE(farm)

namespace data = boost::unit_test::data;

// Many calls wait in each child when another one ruins it: nobody else may be blamed.
BOOST_DATA_TEST_CASE(every_outcome,
                     data::make({glovebox::start_method::forkserver,
                                 glovebox::start_method::spawn}) *
                         data::make({std::size_t{1}, std::size_t{8}}),
                     method, calls_per_child) {
  if (glovebox::test::under_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: a sanitizer's memory does not fit into a limit");
    return;
  }
  farm_options options = quiet();
  options.timeout = 3s;  // a busy machine fills memory slowly
  options.pool.size = 2;
  options.pool.calls_per_child = calls_per_child;
  options.pool.child.method = method;
  options.pool.child.memory_limit = 256 * mebibyte;
  options.order = 7;
  const auto cases = behaviours({"fine", "throw", "null", "fine", "abort", "exit", "fine", "hang",
                                 "hog", "garbage", "fine", "fine", "garbage", "null", "fine"});
  const std::map<std::string, outcome> expected{
      {"fine", outcome::ok},           {"throw", outcome::error},
      {"null", outcome::crashed},      {"abort", outcome::crashed},
      {"exit", outcome::crashed},      {"hang", outcome::timed_out},
      {"hog", outcome::out_of_memory}, {"garbage", outcome::protocol_violation}};
  const farm_report report = run<&behave>(options, cases);
  for (std::size_t i = 0; i != cases.size(); ++i)
    BOOST_TEST(report.outcomes[i] == expected.at(cases[i].input), cases[i].name
                                                                      << "\n"
                                                                      << report.summary());

  const glovebox::case_record* const null = report.failure(2);
  BOOST_REQUIRE(null);
  BOOST_TEST(null->name == "2null");
  BOOST_TEST(null->input == "\"null\"");
  BOOST_TEST((null->cause == glovebox::cause::signal));
  BOOST_TEST((null->phase == glovebox::phase::running));
  BOOST_TEST((null->culprit == glovebox::culprit::yes));
  BOOST_TEST(null->signal_number == SIGSEGV);
  BOOST_TEST(null->attempts == 2u);
  BOOST_TEST(null->peak_memory > 0u);
  const glovebox::case_record* const thrown = report.failure(1);
  BOOST_REQUIRE(thrown);
  BOOST_TEST(!thrown->cause);
  BOOST_TEST(thrown->type == "std::out_of_range");
  BOOST_TEST(thrown->message == "too far");
  const glovebox::case_record* const aborted = report.failure(4);
  BOOST_REQUIRE(aborted);
  BOOST_REQUIRE(aborted->stderr_tail.size() == 1u);
  BOOST_TEST(aborted->stderr_tail[0] == "about to abort");
  const glovebox::case_record* const exited = report.failure(5);
  BOOST_REQUIRE(exited);
  BOOST_TEST((exited->cause == glovebox::cause::exit));
  BOOST_TEST(exited->exit_code == 0);
  const glovebox::case_record* const hung = report.failure(7);
  BOOST_REQUIRE(hung);
  BOOST_TEST((hung->elapsed >= 1s));
}

BOOST_AUTO_TEST_CASE(results_become_text_in_the_child) {
  std::map<std::string, std::string> results;
  farm_options options = quiet();
  options.on_record = [&](const glovebox::case_record& record) {
    results[record.name] = record.result;
  };
  const std::vector<farm_case<int>> cases{{"three", 3}, {"minus", -1}, {"zero", 0}};
  const farm_report report = run<&square, &text_of>(options, cases);
  BOOST_TEST(results.at("three") == "is 9");
  BOOST_TEST(results.at("zero") == "is 0");
  BOOST_TEST(results.at("minus").empty());
  BOOST_TEST(report.outcomes[1] == outcome::error);
}

BOOST_AUTO_TEST_CASE(awaited_with_a_lambda_and_a_stop_token) {
  asio::io_context io;
  const glovebox::farm farm(io, quiet());
  std::size_t good = 0;
  const auto go = [&]() -> asio::awaitable<void> {
    const auto cases = numbers(100);
    const farm_report report =
        co_await farm.run<[](int n, std::stop_token) { return n + 1; }>(cases);
    good = report.count(outcome::ok);
  };
  asio::co_spawn(io, go(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
  BOOST_TEST(good == 100u);
}

BOOST_AUTO_TEST_CASE(no_cases) {
  const farm_report report = run<&square>(quiet(), std::vector<farm_case<int>>{});
  BOOST_TEST(report.total() == 0u);
}

// Children die at random 50 times, and the fork server once: every case runs all the same, and none
// is blamed.
BOOST_DATA_TEST_CASE(killed_from_outside, data::make({std::size_t{1}, std::size_t{8}}),
                     calls_per_child) {
  constexpr std::size_t total = 4000;
  farm_options options = quiet();
  options.pool.size = 3;
  options.pool.calls_per_child = calls_per_child;
  std::size_t records = 0;
  int children_killed = 0;
  int servers_killed = 0;
  options.on_record = [&](const glovebox::case_record& record) {
    // The child that ran this case is at its next one, if it lives.
    if (record.outcome != outcome::ok || ++records % 50 != 0) return;
    pid_t child = 0;
    pid_t server = 0;
    std::istringstream(record.result) >> child >> server;
    BOOST_REQUIRE(child > 1);
    BOOST_REQUIRE(server > 1);
    if (records >= total / 2 && servers_killed == 0)
      servers_killed += ::kill(server, SIGKILL) == 0;
    else if (children_killed < 50)
      children_killed += ::kill(child, SIGKILL) == 0;
  };
  const farm_report report = run<&who, &as_it_is>(options, numbers(total));
  BOOST_TEST(report.count(outcome::ok) == total, report.summary());
  BOOST_TEST(children_killed == 50);
  BOOST_TEST(servers_killed == 1);
  BOOST_TEST(report.reruns > 0u);
}

BOOST_AUTO_TEST_CASE(memory_leaked_by_others_is_nobodys_fault) {
  if (glovebox::test::under_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: a sanitizer's memory does not fit into a limit");
    return;
  }
  farm_options options = quiet();
  options.pool.size = 1;
  options.pool.child.memory_limit = 256 * mebibyte;
  const farm_report report = run<&behave>(
      options, behaviours({"leak", "leak", "leak", "leak", "leak", "leak", "hog", "leak"}));
  BOOST_TEST(report.count(outcome::ok) == 7u, report.summary());
  BOOST_TEST(report.count(outcome::out_of_memory) == 1u);
  BOOST_TEST(report.refuted > 0u);
}

BOOST_AUTO_TEST_CASE(peak_memory_is_that_of_the_case) {
  if (glovebox::test::under_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: a sanitizer keeps what was freed");
    return;
  }
  farm_options options = quiet();
  options.pool.size = 1;
  options.measure_memory = glovebox::memory_measurement::on;
  std::map<std::string, std::uint64_t> peak;
  options.on_record = [&](const glovebox::case_record& record) {
    peak[record.name] = record.peak_memory;
  };
  run<&behave>(options, behaviours({"fine", "large", "fine"}));
  if (peak.at("1large") == 0) {
    BOOST_TEST_MESSAGE("skipped: this kernel does not measure it");
    return;
  }
  BOOST_TEST(peak.at("0fine") > 0u);
  BOOST_TEST(peak.at("1large") >= peak.at("0fine") + 99 * mebibyte);
  BOOST_TEST(peak.at("2fine") < peak.at("1large") - 50 * mebibyte);
}

BOOST_AUTO_TEST_CASE(cancelled) {
  asio::io_context io;
  asio::cancellation_signal signal;
  farm_options options = quiet();
  std::size_t records = 0;
  options.on_record = [&](const glovebox::case_record&) {
    if (++records == 20) signal.emit(asio::cancellation_type::terminal);
  };
  const glovebox::farm farm(io, options);
  const auto cases = numbers(1000);
  std::optional<farm_report> result;
  farm.run<&square>(cases, asio::bind_cancellation_slot(
                               signal.slot(), [&](std::exception_ptr error, farm_report report) {
                                 BOOST_TEST(!error);
                                 result = std::move(report);
                               }));
  io.run();
  BOOST_REQUIRE(result);
  BOOST_TEST(result->cancelled);
  BOOST_TEST(records == 1000u);
  BOOST_TEST(result->count(outcome::ok) >= 20u);
  BOOST_TEST(result->count(outcome::not_run) > 0u);
  BOOST_TEST(result->count(outcome::ok) + result->count(outcome::not_run) == 1000u);
  BOOST_TEST(result->failures.back().name.front() == 'n');
}

BOOST_AUTO_TEST_CASE(a_hang_is_cancelled) {
  asio::io_context io;
  asio::cancellation_signal signal;
  farm_options options = quiet();
  options.pool.size = 1;
  options.on_record = [&](const glovebox::case_record& record) {
    if (record.name == "0fine") signal.emit(asio::cancellation_type::total);
  };
  const glovebox::farm farm(io, options);
  const auto cases = behaviours({"fine", "hang"});
  std::optional<farm_report> result;
  farm.run<&behave>(cases, asio::bind_cancellation_slot(
                               signal.slot(), [&](std::exception_ptr, farm_report report) {
                                 result = std::move(report);
                               }));
  io.run();
  BOOST_REQUIRE(result);
  BOOST_TEST(result->outcomes[1] == outcome::not_run);
}

BOOST_AUTO_TEST_CASE(a_hook_that_throws_ends_the_run) {
  farm_options options = quiet();
  options.on_record = [](const glovebox::case_record&) { throw std::domain_error("hook"); };
  BOOST_CHECK_THROW(run<&square>(options, numbers(1000)), std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_dataset_that_throws) {
  const auto cases = glovebox::generated_cases(50, [](std::size_t i) {
    if (i == 17) throw std::runtime_error("cannot read it");
    return farm_case<int>{std::to_string(i), 1};
  });
  const farm_report report = run<&square>(quiet(), cases);
  BOOST_TEST(report.count(outcome::ok) == 49u);
  BOOST_REQUIRE(report.failure(17));
  BOOST_TEST(report.outcomes[17] == outcome::not_run);
  BOOST_TEST(report.failure(17)->message == "cannot read it");
}

BOOST_AUTO_TEST_CASE(no_child_can_be_started) {
  farm_options options = quiet();
  options.pool.child.directory = "/no such directory";
  options.pool.first_pause = 1ms;
  options.pool.longest_pause = 10ms;
  const farm_report report = run<&square>(options, numbers(1000));
  BOOST_TEST(report.count(outcome::not_run) == 1000u);
  BOOST_TEST(!report.cancelled);
  BOOST_TEST(report.gave_up.find("no child could be started") == 0u);
  BOOST_REQUIRE(report.failures[0].cause);
}

// What befalls a child, and no case of it has done, is no case's outcome.
BOOST_AUTO_TEST_CASE(faults_of_children_that_share_cases) {
  using glovebox::testing::fault;
  farm_options options = quiet();
  options.pool.first_pause = 1ms;
  options.pool.longest_pause = 10ms;
  const auto faults = std::make_shared<glovebox::testing::fault_plan>();
  options.pool.child.faults = faults;
  constexpr std::array kinds{fault::kill,    fault::crash, fault::exit, fault::truncate,
                             fault::corrupt, fault::close, fault::slow, fault::delay};
  for (std::size_t i = 0; i != kinds.size(); ++i) faults->at_call(10 + 100 * i, kinds[i], 10ms);
  faults->at_start(2, EAGAIN);
  faults->at_start(4, ENOMEM);
  faults->at_start(5, EMFILE);
  const farm_report report = run<&square>(options, numbers(1000));
  BOOST_TEST(report.count(outcome::ok) == 1000u, report.summary());
  BOOST_TEST(faults->starts() > 5u);
}

BOOST_AUTO_TEST_CASE(faults_of_children_of_one_case) {
  using glovebox::testing::fault;
  farm_options options = quiet();
  options.timeout = 500ms * scale;
  options.grace = 1ms;
  options.rerun_inconclusive = 0;
  options.pool.isolation = glovebox::isolation::fresh;
  const auto faults = std::make_shared<glovebox::testing::fault_plan>();
  options.pool.child.faults = faults;
  constexpr std::array kinds{fault::kill,    fault::crash, fault::exit, fault::truncate,
                             fault::corrupt, fault::close, fault::hang, fault::drop,
                             fault::slow,    fault::delay};
  for (std::size_t i = 0; i != kinds.size(); ++i) faults->at_call(1 + 2 * i, kinds[i], 1ms);
  const farm_report report = run<&square>(options, numbers(2 * kinds.size()));
  BOOST_TEST(report.count(outcome::crashed) == 4u, report.summary());
  BOOST_TEST(report.count(outcome::protocol_violation) == 2u, report.summary());
  BOOST_TEST(report.count(outcome::timed_out) == 2u, report.summary());
  BOOST_TEST(report.count(outcome::ok) == 12u, report.summary());
}

BOOST_AUTO_TEST_CASE(lines_of_json) {
  const temporary_directory directory;
  farm_options options = quiet();
  options.jsonl = directory.path / "new" / "cases.jsonl";
  options.timeout = 300ms;
  const auto cases = behaviours({"fine", "throw", "null", "abort"});
  run<&behave>(options, cases);
  const std::string first = contents(options.jsonl);
  BOOST_TEST(lines_in(first) == 4u);
  BOOST_TEST(first.find(R"("name":"0fine","input":"\"fine\"","outcome":"ok")") != first.npos,
             first);
  BOOST_TEST(first.find(R"("stderr":["about to abort"])") != first.npos, first);

  // Half a line, as a killed program leaves it, is ended before the next one begins.
  std::ofstream(options.jsonl, std::ios::app) << R"({"case":1,"na)";
  options.append_jsonl = true;
  run<&behave>(options, cases);
  const std::string both = contents(options.jsonl);
  BOOST_TEST(lines_in(both) == 9u);
  BOOST_TEST(both.find("\n{\"case\":1,\"na\n{\"case\":") != both.npos, both);
  options.append_jsonl = false;
  run<&behave>(options, cases);
  BOOST_TEST(lines_in(contents(options.jsonl)) == 4u);
}

BOOST_AUTO_TEST_CASE(lines_are_there_when_the_record_says_so) {
  const temporary_directory directory;
  farm_options options = quiet();
  options.jsonl = directory.path / "cases.jsonl";
  std::string seen;
  options.on_record = [&](const glovebox::case_record& record) {
    if (record.cause) seen = contents(options.jsonl);
  };
  run<&behave>(options, behaviours({"null"}));
  BOOST_TEST(lines_in(seen) == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_reported_and_the_run_goes_on) {
  farm_options options = quiet();
  options.jsonl = "/dev/full";
  const farm_report report = run<&square>(options, numbers(300));
  BOOST_TEST(report.count(outcome::ok) == 300u);
  BOOST_TEST(report.journal_error == "300 lines are missing in /dev/full: No space left on device");
  options.jsonl = "/proc/no such directory/cases.jsonl";
  BOOST_TEST(run<&square>(options, numbers(3)).journal_error.find("cannot open /proc/no such") ==
             0u);
}

BOOST_AUTO_TEST_CASE(failing_inputs_are_saved_with_their_commands) {
  const temporary_directory directory;
  farm_options options = quiet();
  options.timeout = 300ms;
  options.save_failures = directory.path / "failures";
  options.reproduce = "decode --case {name} < {file}";
  auto cases = behaviours({"fine", "throw", "null"});
  cases.push_back({"it's a/b", "abort"});
  const farm_report report = run<&behave>(options, cases);
  BOOST_TEST(report.save_error.empty());
  const std::filesystem::path saved = options.save_failures;
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(saved)) ++files;
  BOOST_TEST(files == 6u);
  BOOST_TEST(contents(saved / "2null.bundle").starts_with("glovebox-bundle 1 "));
  BOOST_TEST(!contents(saved / "it_s_a_b~3.bundle").empty());
  BOOST_TEST(contents(saved / "2null") == "null");
  BOOST_TEST(contents(saved / "2null.cmd") ==
             "decode --case '2null' < '" + (saved / "2null").string() + "'\n");
  BOOST_TEST(contents(saved / "it_s_a_b~3") == "abort");
  BOOST_TEST(contents(saved / "it_s_a_b~3.cmd").starts_with("decode --case 'it'\\''s a/b' <"));

  options.save_failures = "/proc/no such directory";
  BOOST_TEST(!run<&behave>(options, behaviours({"null"})).save_error.empty());
}

BOOST_AUTO_TEST_CASE(another_order_and_number_of_children_agree) {
  farm_options options = quiet();
  options.timeout = 10s * scale;  // nothing hangs here, and a busy machine must not make it so
  std::vector<farm_case<std::string>> cases;
  constexpr std::array kinds{"fine", "throw", "null", "abort", "exit", "fine", "fine"};
  for (std::size_t i = 0; i != 70; ++i)
    cases.push_back({std::to_string(i), kinds[i % kinds.size()]});
  const farm_report first = run<&behave>(options, cases);
  options.order = 42;
  options.pool.size = 4;
  options.pool.calls_per_child = 4;
  const farm_report second = run<&behave>(options, cases);
  const auto agreement = glovebox::agree(first, second);
  BOOST_TEST(agreement.compared == 70u);
  BOOST_TEST(agreement.unstable.empty(), first.summary() + second.summary());
}

BOOST_AUTO_TEST_CASE(on_four_threads) {
  asio::io_context io;
  farm_options options = quiet();
  options.pool.size = 3;
  options.pool.calls_per_child = 16;
  std::size_t records = 0;  // no lock: hooks of one run never run at the same time
  options.on_record = [&](const glovebox::case_record&) { ++records; };
  const glovebox::farm farm(io, options);
  const auto cases = numbers(5000);
  std::optional<farm_report> result;
  farm.run<&square>(cases,
                    [&](std::exception_ptr, farm_report report) { result = std::move(report); });
  std::vector<std::jthread> threads;
  for (int i = 0; i != 4; ++i) threads.emplace_back([&] { io.run(); });
  threads.clear();
  BOOST_REQUIRE(result);
  BOOST_TEST(records == 5000u);
  BOOST_TEST(result->count(outcome::ok) == 5000u);
}

// The handler is destroyed without being called, with all that it owns.
BOOST_AUTO_TEST_CASE(the_io_context_ends_first) {
  const auto cases = numbers(1'000'000);
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  bool called = false;
  {
    asio::io_context io;
    farm_options options = quiet();
    std::size_t records = 0;
    options.on_record = [&](const glovebox::case_record&) {
      if (++records == 100) io.stop();
    };
    const glovebox::farm farm(io, options);
    farm.run<&square>(cases, [&called, owned = std::move(owned)](std::exception_ptr, farm_report) {
      called = true;
    });
    io.run();
    BOOST_TEST(records >= 100u);
  }
  BOOST_TEST(!called);
  BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_SUITE_END()
