// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Modules that cannot be imported: each is an error of its own, and no harm to the parent.
#include "acceptance/acceptance_fixture.hpp"
#include "integration/gate.hpp"

#include <glovebox/detail/module_note.hpp>

#include <csignal>
#include <fstream>
#include <utility>

BOOST_AUTO_TEST_SUITE(imports_test)

using namespace glovebox;
using namespace glovebox::test;

struct refusal {
  std::string type;
  std::string text;
};

struct imports {
  temporary_directory place;
  sync_context ctx{context(shared_io(), options())};

  context_options options() const {
    context_options made = acceptance_options();
    made.module_path.push_back(place.file(""));
    return made;
  }
  std::string built(const std::string& name) const {
    return module_directory() + '/' + name + ".so";
  }
  /// What the child says of a module, after which it goes on.
  refusal refused(const std::string& name) const {
    refusal got;
    try {
      ctx.load_module(name);
      BOOST_ERROR("it was imported: " + name);
    } catch (const std::runtime_error& error) {
      const auto* const remote = dynamic_cast<const remote_exception*>(&error);
      BOOST_TEST_REQUIRE(remote != nullptr);
      got = {remote->type_name(), error.what()};
    }
    BOOST_TEST(ctx.load_module("acceptance").call<int>("answer") == 42);
    return got;
  }
};

BOOST_FIXTURE_TEST_SUITE(modules_that_cannot_be_imported, imports)

BOOST_AUTO_TEST_CASE(one_that_does_not_exist) {
  for (int i = 0; i != 2; ++i) {
    const refusal got = refused("no_such_module");
    BOOST_TEST(holds(got.type, {"module_not_found"}));
    BOOST_TEST(holds(got.text, {"there is no module 'no_such_module'", "libno_such_module.so",
                                module_directory(), place.file("")}));
  }
  const refusal path = refused("../acceptance/acceptance");
  BOOST_TEST(holds(path.type, {"module_not_found"}));
  BOOST_TEST(holds(path.text, {"a plain file name", "'../acceptance/acceptance'"}));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_shared_object) {
  std::ofstream(place.file("script.so")) << "#!/bin/sh\n";
  const refusal got = refused("script");
  BOOST_TEST(holds(got.type, {"not_a_shared_object"}));
  BOOST_TEST(holds(got.text, {place.file("") + "/script.so", "no ELF file"}));
}

BOOST_AUTO_TEST_CASE(a_shared_object_that_is_no_module) {
  const refusal got = refused("broken_no_module");
  BOOST_TEST(holds(got.type, {"not_a_module"}));
  BOOST_TEST(holds(got.text, {built("broken_no_module"), "GLOVEBOX_MODULE stands nowhere in it"}));
}

BOOST_AUTO_TEST_CASE(a_module_under_another_name) {
  const refusal got = refused("broken_other_name");
  BOOST_TEST(holds(got.type, {"not_a_module"}));
  BOOST_TEST(holds(got.text, {"'broken_other_name'", "defines modules of other names only"}));
}

// Its initialiser would crash: nothing of it runs.
BOOST_AUTO_TEST_CASE(one_built_against_another_abi) {
  const refusal got = refused("broken_other_abi");
  BOOST_TEST(holds(got.type, {"module_abi_mismatch"}));
  BOOST_TEST(holds(got.text, {built("broken_other_abi"), "'glovebox 0, another world'",
                              GLOVEBOX_MODULE_ABI, "Build it again"}));
}

BOOST_AUTO_TEST_CASE(one_that_throws_while_it_is_loaded) {
  for (int i = 0; i != 2; ++i) {
    const refusal got = refused("broken_throws");
    BOOST_TEST(holds(got.type, {"module_initialiser_threw"}));
    BOOST_TEST(holds(got.text, {built("broken_throws"), "std::domain_error: no licence found"}));
  }
  try {
    const sync_context fresh{context(shared_io(), options())};
    fresh.load_module("broken_throws");
  } catch (const std::runtime_error& error) {
    BOOST_TEST(thrown<std::domain_error>([&] { std::rethrow_if_nested(error); }) ==
               "no licence found");
  }
}

BOOST_AUTO_TEST_CASE(one_whose_body_throws) {
  for (int i = 0; i != 2; ++i) {
    const refusal got = refused("broken_body");
    BOOST_TEST(holds(got.type, {"module_initialiser_threw"}));
    BOOST_TEST(holds(got.text, {"'broken_body' cannot be defined", "no licence found"}));
  }
}

BOOST_AUTO_TEST_CASE(one_that_crashes_while_it_is_loaded) {
  try {
    ctx.load_module("broken_crashes");
    BOOST_ERROR("it was imported");
  } catch (const process_terminated& error) {
    BOOST_TEST((error.cause() == cause::signal));
    BOOST_TEST(error.info().signal_number == SIGABRT);
    BOOST_TEST((error.phase() == phase::running));
    BOOST_TEST((error.culprit() == culprit::yes));
    BOOST_TEST(holds(error.report(), {"import", "broken_crashes"}));
  }
  BOOST_CHECK_THROW(ctx.load_module("acceptance"), state_error);
  ctx = sync(context(shared_io(), options()));
  BOOST_TEST(ctx.load_module("acceptance").call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(one_that_hangs_while_it_is_loaded) {
  ctx.start();
  const call_options brief{.timeout = std::chrono::milliseconds(60 * time_scale),
                           .grace = std::chrono::milliseconds(1)};
  try {
    ctx.with(brief).load_module("broken_hangs");
    BOOST_ERROR("it was imported");
  } catch (const call_timeout& error) {
    BOOST_TEST(!error.child_alive());
    BOOST_TEST((error.info().cause == cause::deadline));
    BOOST_TEST((error.phase() == phase::running));
    BOOST_TEST(holds(error.report(), {"import", "broken_hangs"}));
  }
  BOOST_CHECK_THROW(ctx.load_module("acceptance"), state_error);
  ctx = sync(context(shared_io(), options()));
  BOOST_TEST(ctx.load_module("acceptance").call<int>("answer") == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
