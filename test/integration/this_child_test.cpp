// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a child is given at its start and its modules find there. In two programs: children of the
// one run its own image, those of the other glovebox-host.
#include "integration/this_child_fixture.hpp"

#include <fcntl.h>
#include <stdexcept>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(this_child_test)

using namespace glovebox;
using namespace glovebox::test;

namespace data = boost::unit_test::data;

const auto both_methods = data::make({start_method::forkserver, start_method::spawn});

BOOST_AUTO_TEST_SUITE(given_to_a_child)

BOOST_DATA_TEST_CASE(arguments, both_methods, method) {
  context_options options = with_modules();
  options.method = method;
  options.arguments = {"--model", "", "two words", "--glovebox-child=3,4,0,0"};
  const context ctx(shared_io(), options);
  const sync_proxy given = sync(ctx).load_module("given");
  BOOST_TEST(given.call<std::vector<std::string>>("arguments") == options.arguments,
             boost::test_tools::per_element());
  BOOST_TEST(given.call<std::vector<std::string>>("arguments_at_load") == options.arguments,
             boost::test_tools::per_element());
  BOOST_TEST(given.call<int>("count") == 0);
  // Another child of the same fork server has its own.
  const context plain(shared_io(), with_modules());
  const sync_proxy none = sync(plain).load_module("given");
  BOOST_TEST(none.call<std::vector<std::string>>("arguments").empty());
}

BOOST_DATA_TEST_CASE(descriptors, both_methods, method) {
  context_options options = with_modules();
  options.method = method;
  options.descriptors = {file_with("first"), file_with("second")};
  const context ctx(shared_io(), options);
  const sync_proxy given = sync(ctx).load_module("given");
  BOOST_TEST(given.call<int>("count") == 2);
  BOOST_TEST(given.call<std::string>("text", 0) == "first");
  BOOST_TEST(given.call<std::string>("text", 1) == "second");
  BOOST_TEST(given.call<int>("flags", 0) == FD_CLOEXEC);
  BOOST_TEST(given.call<int>("flags", 1) == FD_CLOEXEC);
  BOOST_TEST(given.call<std::string>("take", 0) == "first");
  BOOST_TEST(given.call<bool>("taken", 0));
  BOOST_TEST(!given.call<bool>("taken", 1));  // and it is now
  BOOST_TEST(given.call<int>("count") == 2);
  BOOST_TEST(message_of<std::out_of_range>([&] {
               given.call("text", 2);
             }).find("descriptor 2 of the 2 that this process was given") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(preloaded_modules_find_nothing_while_they_are_loaded) {
  context_options options = with_modules();
  options.arguments = {"-v"};
  options.descriptors = {file_with("first")};
  options.preload = {"given"};
  const context ctx(shared_io(), options);
  const sync_proxy given = sync(ctx).load_module("given");
  BOOST_TEST(given.call<std::vector<std::string>>("arguments_at_load").empty());
  BOOST_TEST(given.call<std::vector<std::string>>("arguments") == options.arguments,
             boost::test_tools::per_element());
  BOOST_TEST(given.call<std::string>("take", 0) == "first");
}

BOOST_AUTO_TEST_CASE(the_parent_has_none) {
  BOOST_TEST(this_child::arguments().empty());
  BOOST_TEST(this_child::descriptor_count() == 0u);
  BOOST_CHECK_THROW(this_child::descriptor(0), std::out_of_range);
  BOOST_CHECK_THROW(this_child::take_descriptor(0), std::out_of_range);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
