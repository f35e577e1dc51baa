// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Rows 14 and 15: exceptions.
#include "acceptance/acceptance_fixture.hpp"

#include <any>
#include <filesystem>
#include <future>
#include <ios>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <system_error>
#include <typeinfo>
#include <variant>

BOOST_AUTO_TEST_SUITE(errors_test)

using namespace glovebox;
using namespace glovebox::test;

template <class E>
bool is_a(const std::exception* error) {
  return dynamic_cast<const E*>(error) != nullptr;
}

/// Whether what runs throws an E which is a remote_exception, and no class derived from E that is
/// a standard one: `deeper` are those.
template <class E, class... Deeper>
boost::test_tools::assertion_result throws_just(const std::function<void()>& run) {
  boost::test_tools::assertion_result wrong(false);
  try {
    run();
    wrong.message() << "nothing was thrown";
  } catch (const std::exception& error) {
    const auto* const remote = dynamic_cast<const remote_exception*>(&error);
    if (!is_a<E>(&error))
      wrong.message() << "another exception: " << error.what();
    else if ((false || ... || is_a<Deeper>(&error)))
      wrong.message() << "a derived one: " << error.what();
    else if (!remote || remote->message() != error.what())
      wrong.message() << "no remote_exception of the same text: " << error.what();
    else
      return true;
  }
  return wrong;
}

using check = boost::test_tools::assertion_result (*)(const std::function<void()>&);

const std::map<std::string, check>& standard_errors() {
  using namespace std;
  static const std::map<std::string, check> all{
      {"exception", &throws_just<exception, logic_error, runtime_error, bad_alloc, bad_cast>},
      {"logic_error",
       &throws_just<logic_error, invalid_argument, domain_error, length_error, out_of_range>},
      {"invalid_argument", &throws_just<invalid_argument>},
      {"domain_error", &throws_just<domain_error>},
      {"length_error", &throws_just<length_error>},
      {"out_of_range", &throws_just<out_of_range>},
      {"runtime_error",
       &throws_just<runtime_error, range_error, overflow_error, underflow_error, system_error>},
      {"range_error", &throws_just<range_error>},
      {"overflow_error", &throws_just<overflow_error>},
      {"underflow_error", &throws_just<underflow_error>},
      {"bad_alloc", &throws_just<bad_alloc, bad_array_new_length>},
      {"bad_array_new_length", &throws_just<bad_array_new_length>},
      {"bad_cast", &throws_just<bad_cast, bad_any_cast>},
      {"bad_any_cast", &throws_just<bad_any_cast>},
      {"bad_typeid", &throws_just<bad_typeid>},
      {"bad_optional_access", &throws_just<bad_optional_access>},
      {"bad_variant_access", &throws_just<bad_variant_access>},
      {"bad_function_call", &throws_just<bad_function_call>},
      {"bad_weak_ptr", &throws_just<bad_weak_ptr>},
      {"bad_exception", &throws_just<bad_exception>},
      {"future_error", &throws_just<future_error>},
      {"regex_error", &throws_just<regex_error>},
      {"system_error", &throws_just<system_error, ios_base::failure>},
      {"ios_failure", &throws_just<ios_base::failure>},
      {"filesystem_error", &throws_just<filesystem::filesystem_error>},
  };
  return all;
}

struct seen {
  std::string type;
  std::string message;
  std::string method;
};

BOOST_FIXTURE_TEST_SUITE(errors, with_module)

BOOST_AUTO_TEST_CASE(row_14_every_standard_exception) {
  const auto names = module.call<std::vector<std::string>>("standard_errors");
  BOOST_TEST(names.size() == standard_errors().size());
  for (const std::string& name : names) {
    BOOST_TEST_REQUIRE(standard_errors().contains(name), name);
    BOOST_TEST(standard_errors().at(name)([&] { module.call("throw_standard", name); }), name);
  }
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_14_error_codes) {
  const auto code_of = [&](const char* name) {
    try {
      module.call("throw_standard", name);
    } catch (const std::system_error& error) {
      return error.code();
    }
    return std::error_code();
  };
  BOOST_TEST((code_of("system_error") == std::errc::permission_denied));
  BOOST_TEST((code_of("ios_failure") == std::errc::no_such_file_or_directory));
  BOOST_TEST((code_of("filesystem_error") == std::errc::file_exists));
  try {
    module.call("throw_standard", "future_error");
    BOOST_ERROR("nothing was thrown");
  } catch (const std::future_error& error) {
    BOOST_TEST((error.code() == std::future_errc::broken_promise));
  }
  try {
    module.call("throw_standard", "regex_error");
    BOOST_ERROR("nothing was thrown");
  } catch (const std::regex_error& error) {
    BOOST_TEST((error.code() == std::regex_constants::error_brack));
  }
}

/// What a thrown E says of itself.
template <class E>
seen remote_error(const sync_proxy& module, const char* which) {
  try {
    module.call("throw_user_error", which);
  } catch (const E& error) {
    const std::exception& as_standard = error;
    if (const auto* const remote = dynamic_cast<const remote_exception*>(&as_standard))
      return {remote->type_name(), as_standard.what(), remote->method()};
  }
  return {};
}

BOOST_AUTO_TEST_CASE(row_14_users_types) {
  const seen named = remote_error<std::runtime_error>(module, "named");
  BOOST_TEST(named.type == "acceptance.BadModel");
  BOOST_TEST(named.message == "the model is bad");
  BOOST_TEST(named.method == "throw_user_error");
  // Nobody named it, but its base.
  const seen derived = remote_error<std::runtime_error>(module, "derived");
  BOOST_TEST(derived.type == "acceptance.BadModel");
  BOOST_TEST(derived.message == "the model is worse");
  const seen unnamed = remote_error<std::domain_error>(module, "unnamed");
  BOOST_TEST(unnamed.type == "acceptance::unnamed_error");
  BOOST_TEST(unnamed.message == "nobody knows");
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_14_what_is_no_standard_exception) {
  BOOST_TEST(remote_error<std::runtime_error>(module, "not standard").type ==
             "acceptance::not_standard");
  const seen number = remote_error<std::runtime_error>(module, "number");
  BOOST_TEST(number.type == "int");
  BOOST_TEST(number.message == "42");
  const seen text = remote_error<std::runtime_error>(module, "text");
  BOOST_TEST(holds(text.type, {"char"}));
  BOOST_TEST(text.message == "a text");
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_14_nested) {
  try {
    module.call("throw_user_error", "nested");
    BOOST_ERROR("nothing was thrown");
  } catch (const std::runtime_error& error) {
    BOOST_TEST(error.what() == "the outer one");
    const auto* const remote = dynamic_cast<const remote_exception*>(&error);
    BOOST_TEST_REQUIRE(remote);
    BOOST_TEST(remote->has_nested());
    BOOST_TEST(remote->type_name() == "acceptance.BadModel");
    BOOST_TEST(thrown<std::out_of_range>([&] { std::rethrow_if_nested(error); }) ==
               "the inner one");
  }
}

BOOST_AUTO_TEST_CASE(row_15_thrown_while_an_argument_or_a_result_is_copied) {
  const sync_proxy shy = module.call<proxy>("CopyShy");
  for (const char* const how : {"take_copy", "give_copy"})
    BOOST_TEST(thrown<std::domain_error>([&] { module.call(how, shy); }) == "copies are not made");
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_15_a_destructor_that_throws) {
  module.call<proxy>("BadEnd");  // and dropped
  // The child hears of that some time later, and cannot go on then; no call hangs.
  std::optional<termination> end;
  try {
    BOOST_TEST(eventually([&] {
      module.call("answer");
      return false;
    }));
  } catch (const process_terminated& error) {
    end = error.info();
  }
  BOOST_TEST_REQUIRE(end.has_value());
  BOOST_TEST((end->cause == cause::signal));
  BOOST_TEST(end->signal_number == SIGABRT);
  BOOST_TEST((end->culprit != culprit::yes));
  BOOST_CHECK_THROW(module.call("answer"), state_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
