// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(frames_test)

using glovebox::stack_frame;
using glovebox::core::without_runtime;

// Names of functions; those in brackets were inlined.
std::vector<stack_frame> frames_of(const std::vector<std::string>& names) {
  std::vector<stack_frame> frames;
  for (const std::string& name : names) {
    stack_frame frame;
    frame.inlined = name.starts_with('[');
    frame.function = frame.inlined ? name.substr(1, name.size() - 2) : name;
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::string left_of(const std::vector<std::string>& names) {
  std::string text;
  for (const stack_frame& each : without_runtime(frames_of(names))) text += each.function + '|';
  return text;
}

const std::string dispatch = "void glovebox::runtime::dispatcher::run_call<x>(unsigned long)";
const std::string stub = "glovebox::detail::stub<&f>::run(glovebox::decoder&)";

BOOST_AUTO_TEST_CASE(what_calls_the_users_code_is_left_out) {
  BOOST_TEST(left_of({"deep(int)", "f(glovebox::proxy const&)", stub, dispatch,
                      "glovebox::init(int&, char**)", "main", "__libc_start_main", "_start"}) ==
             "deep(int)|f(glovebox::proxy const&)|");
  BOOST_TEST(left_of({"f()", "[std::__invoke_result<int>::type std::__invoke<int>(int)]",
                      "[_ZZN8glovebox7binding6callerIvE3runEvENKUlvE_clEv]", stub, "main"}) ==
             "f()|");
}

BOOST_AUTO_TEST_CASE(what_the_users_code_calls_stays) {
  BOOST_TEST(left_of({"raise", "abort", "f()", stub, "main"}) == "raise|abort|f()|");
  BOOST_TEST(left_of({"[std::vector<int>::at(unsigned long)]", "f()", stub, "main"}) ==
             "std::vector<int>::at(unsigned long)|f()|");
  BOOST_TEST(left_of({"[(unnamed)::operator()]", stub, dispatch, "main"}) ==
             "(unnamed)::operator()|");
}

BOOST_AUTO_TEST_CASE(between_two_calls) {
  BOOST_TEST(left_of({"inner()", stub, "[(unnamed)::operator()]", dispatch, "outer()", stub,
                      dispatch, "main"}) == "inner()|outer()|");
}

BOOST_AUTO_TEST_CASE(nothing_is_left_out_where_nothing_would_be_left) {
  BOOST_TEST(left_of({stub, dispatch}) == stub + '|' + dispatch + '|');
  BOOST_TEST(left_of({}) == "");
  BOOST_TEST(left_of({"read", dispatch, "glovebox::init(int&, char**)", "main"}) == "read|");
  BOOST_TEST(left_of({"f()", "start_thread", "__clone3"}) == "f()|start_thread|__clone3|");
}

BOOST_AUTO_TEST_SUITE_END()
