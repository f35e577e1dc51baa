// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Modules that the fork server loads for all its children.
#include "integration/call_fixture.hpp"
#include "integration/life.hpp"

#include <glovebox/sync.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(preload_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

context_options preloading(std::vector<std::string> modules) {
  const std::filesystem::path tests = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  context_options options;
  options.module_path = {tests / "integration", tests / "acceptance"};
  options.standard_error = output::capture;
  options.start_timeout = std::chrono::seconds(20) * time_scale;
  options.preload = std::move(modules);
  return options;
}

pid_t parent_of(const context& ctx) {
  return get(ctx.call<&life::parent_pid>(use_future));
}
pid_t loader_of(const context& ctx, const char* module) {
  return sync(ctx).load_module(module).call<pid_t>("loaded_by");
}
termination failure_of(const context& ctx) {
  try {
    get(ctx.call<&life::echo>(1, use_future));
  } catch (const process_terminated& why) {
    return why.info();
  }
  BOOST_ERROR("the child was started");
  return {};
}

BOOST_AUTO_TEST_SUITE(preload)

BOOST_AUTO_TEST_CASE(children_have_it_from_the_fork_server) {
  const context plain(shared_io()), first(shared_io(), preloading({"preloaded"})),
      second(shared_io(), preloading({"preloaded"}));
  BOOST_TEST(loader_of(first, "preloaded") == parent_of(first));
  BOOST_TEST(loader_of(second, "preloaded") == parent_of(first));
  BOOST_TEST(first.start_note() == "");
  // Others have nothing to do with it.
  BOOST_TEST(parent_of(plain) != parent_of(first));
}

BOOST_AUTO_TEST_CASE(several_in_their_order) {
  const context ctx(shared_io(), preloading({"preloaded", "acceptance"}));
  BOOST_TEST(loader_of(ctx, "preloaded") == parent_of(ctx));
  BOOST_TEST(sync(ctx).load_module("acceptance").call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(threads_that_are_left_behind) {
  const context ctx(shared_io(), preloading({"preloaded", "preloaded_threads"}));
  const pid_t loader = loader_of(ctx, "preloaded_threads");
  BOOST_TEST(loader == ctx.pid());
  // ThreadSanitizer adds one of its own.
  const std::string note = ctx.start_note();
  BOOST_TEST(note.find("children are spawned, since the module 'preloaded_threads' leaves ") == 0u,
             note);
  BOOST_TEST(note.find(under_thread_sanitizer ? "threads" : "1 thread behind") != note.npos, note);
}

BOOST_AUTO_TEST_CASE(spawned_children_load_it_themselves) {
  context_options options = preloading({"preloaded", "broken_crashes"});
  options.method = start_method::spawn;
  const context ctx(shared_io(), options);
  const pid_t loader = loader_of(ctx, "preloaded");
  BOOST_TEST(loader == ctx.pid());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_loaded) {
  const std::vector<std::pair<std::string, std::string>> all{
      {"no_such_module", "no_such_module"},
      {"broken_no_module", "broken_no_module"},
      {"broken_other_abi", "broken_other_abi"},
      {"broken_throws", "broken_throws"},
      {"broken_crashes", "the module 'broken_crashes' ends by signal"},
  };
  for (const auto& [module, text] : all) {
    const context ctx(shared_io(), preloading({"preloaded", module}));
    const termination info = failure_of(ctx);
    BOOST_TEST((info.cause == cause::start_failed), info.report());
    BOOST_TEST((info.phase == phase::queued));
    BOOST_TEST(info.detail.find("preloading: ") == 0u, info.detail);
    BOOST_TEST(info.detail.find(text) != std::string::npos, info.detail);
  }
  const context plain(shared_io());
  BOOST_TEST(get(plain.call<&life::echo>(1, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(what_takes_too_long) {
  const temporary_directory folder;
  const std::string file = folder.file("go on");
  ::setenv("GLOVEBOX_TEST_WAIT_FOR", file.c_str(), 1);
  context_options options = preloading({"preloaded", "preloaded_waits", "acceptance"});
  options.start_timeout = std::chrono::seconds(4) * time_scale;
  const auto begin = std::chrono::steady_clock::now();
  const termination info = failure_of(context(shared_io(), options));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= options.start_timeout / 4 * 3));
  BOOST_TEST((info.cause == cause::start_failed), info.report());
  BOOST_TEST(info.detail == "preloading: the module 'preloaded_waits' was not loaded within " +
                                std::to_string(3 * time_scale) + " s");
  // Nothing is wrong with it now: the next child is none of a server that has given up.
  std::ofstream{file};
  const context second(shared_io(), options);
  BOOST_TEST(loader_of(second, "preloaded_waits") == parent_of(second));
  ::unsetenv("GLOVEBOX_TEST_WAIT_FOR");
}

BOOST_AUTO_TEST_CASE(in_a_pool) {
  pool_options options;
  options.size = 2;
  options.child = preloading({"preloaded"});
  const pool workers(shared_io(), options);
  BOOST_TEST(get(workers.call<&life::echo>(7, use_future)) == 7);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
