// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What is said of a request when its call fails: what was called, and with what.
#include "client/request_text.hpp"

#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/import.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <string>

BOOST_AUTO_TEST_SUITE(request_test)

namespace {

using namespace glovebox;

template <class... A>
detail::request operation(op what, std::string_view name, const A&... arguments) {
  const std::shared_ptr<detail::target> nobody;
  return detail::make_operation_request({what, nobody, 0, name, call_options{}}, arguments...);
}

std::string arguments_of(detail::request what) {
  termination info;
  client::describe_arguments(what, info);
  return info.arguments;
}

BOOST_AUTO_TEST_CASE(what_begins_with_a_name_is_called_by_it) {
  for (const op each : {op::call_method, op::get, op::set, op::has, op::del}) {
    BOOST_TEST(operation(each, "threshold", 7, "text").name() == "threshold");
    BOOST_TEST(arguments_of(operation(each, "threshold", 7, "text")) == "7, \"text\"");
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_name_is_called_what_it_does) {
  const detail::request item = operation(op::get_item, {}, "get_item");
  BOOST_TEST(item.name() == "get_item");
  BOOST_TEST(arguments_of(item) == "\"get_item\"");
  BOOST_TEST(operation(op::call, {}, 1).name() == "the object");
  BOOST_TEST(arguments_of(operation(op::call, {}, 1)) == "1");
  BOOST_TEST(operation(op::import_module, {}, "vision").name() == "import");
  BOOST_TEST(arguments_of(operation(op::import_module, {}, "vision")) == "\"vision\"");
  BOOST_TEST(operation(op::compare, "<", 2).name() == "compare");
  BOOST_TEST(arguments_of(operation(op::compare, "<", 2)) == "\"<\", 2");
}

BOOST_AUTO_TEST_CASE(names_that_json_writes_otherwise) {
  const auto named = [](const std::string& name) {
    BOOST_TEST(operation(op::call_method, name, keyword("to", name), 1).name() == name);
  };
  named("");
  named("say \"[1]\" \\ \n");
  named(
      "gr\xc3\xb6\xc3\x9f"
      "e");
  named(std::string(2 * attachment_threshold, 'n'));  // which does not stand in the body
}

BOOST_AUTO_TEST_CASE(arguments_by_name) {
  const detail::request what = operation(op::call_method, "detect", 7, keyword("threshold", 0.5));
  BOOST_TEST(what.name() == "detect");
  BOOST_TEST(arguments_of(what) == "7, threshold=5E-1");
}

BOOST_AUTO_TEST_CASE(garbage_has_a_name_as_well) {
  detail::request what = operation(op::call_method, "detect");
  const std::size_t size = what.body.size();
  for (std::size_t kept = 0; kept != size; ++kept) {
    what.body.truncate(kept);
    const std::string name = what.name();
    BOOST_TEST((name == "detect" || name == "(not printable)"), name);
    what = operation(op::call_method, "detect");
  }
}

BOOST_AUTO_TEST_CASE(a_copy_has_extras_of_its_own) {
  detail::request what = operation(op::call, {}, 1);
  BOOST_TEST(!what.extras);
  detail::request same = what;
  same.extras.change().kept.push_back(std::make_shared<const int>(1));
  BOOST_TEST(!what.extras);
  what = same;
  what.extras.change().kept.clear();
  BOOST_TEST(same.extras->kept.size() == 1u);
  const detail::request moved = std::move(same);
  BOOST_TEST(moved.extras->kept.size() == 1u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
