// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/error.hpp>

#include <set>
#include <type_traits>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(error_test)

using glovebox::condition;
using glovebox::errc;

constexpr errc all[] = {errc::process_terminated, errc::call_timeout, errc::state_error,
                        errc::protocol_error,     errc::overloaded,   errc::bad_value};
constexpr condition conditions[] = {condition::retryable, condition::overloaded,
                                    condition::disconnected, condition::failed};

std::set<condition> conditions_of(std::error_code code) {
  std::set<condition> found;
  for (const condition each : conditions)
    if (code == each) found.insert(each);
  return found;
}

BOOST_AUTO_TEST_CASE(codes_have_a_category_and_texts) {
  std::set<std::string> texts;
  for (const errc each : all) {
    const std::error_code code = each;
    BOOST_TEST(code.value() != 0);
    BOOST_TEST((code.category() == glovebox::error_category()));
    texts.insert(code.message());
  }
  BOOST_TEST(texts.size() == std::size(all));
  BOOST_TEST(glovebox::error_category().name() == "glovebox");
  BOOST_TEST(!texts.contains(std::error_code(99, glovebox::error_category()).message()));

  texts.clear();
  for (const condition each : conditions) texts.insert(make_error_condition(each).message());
  BOOST_TEST(texts.size() == std::size(conditions));
  BOOST_TEST(!texts.contains(glovebox::condition_category().message(99)));
}

BOOST_AUTO_TEST_CASE(conditions_say_what_to_do) {
  using set = std::set<condition>;
  BOOST_TEST((conditions_of(errc::process_terminated) == set{condition::disconnected}));
  BOOST_TEST((conditions_of(errc::state_error) == set{condition::disconnected}));
  BOOST_TEST((conditions_of(errc::protocol_error) == set{condition::disconnected}));
  BOOST_TEST((conditions_of(errc::overloaded) == set{condition::retryable, condition::overloaded}));
  BOOST_TEST((conditions_of(errc::bad_value) == set{condition::failed}));
  // The child may live, and the call may have run: only its phase tells what may be done.
  BOOST_TEST(conditions_of(errc::call_timeout).empty());
  BOOST_TEST((std::error_code(errc::call_timeout) == std::errc::timed_out));
  BOOST_TEST((std::error_code(errc::overloaded) != std::errc::timed_out));
  // Other categories' codes of the same numbers are something else.
  for (const errc each : all)
    BOOST_TEST(conditions_of({static_cast<int>(each), std::generic_category()}).empty());
}

BOOST_AUTO_TEST_CASE(errors) {
  static_assert(std::is_nothrow_copy_constructible_v<glovebox::error>);
  const glovebox::error error(errc::overloaded, "the queue holds 10 calls");
  BOOST_TEST((error.kind() == errc::overloaded));
  BOOST_TEST((error.code() == errc::overloaded));
  BOOST_TEST(error.what() == "the queue holds 10 calls");
  try {
    throw glovebox::codec_error("args[1].x", "too long");
  } catch (const std::system_error& caught) {
    BOOST_TEST(caught.what() == "args[1].x: too long");
    BOOST_TEST((caught.code() == errc::bad_value));
  }
  const glovebox::codec_error with_path("result", "too long");
  BOOST_TEST(with_path.path() == "result");
  const glovebox::codec_error without_path("", "too long");
  BOOST_TEST(without_path.what() == "too long");
  BOOST_TEST(without_path.path() == "");
}

BOOST_AUTO_TEST_SUITE_END()
