// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Rows 1 to 6 and 11: modules, functions, classes, and what they say about themselves.
#include "acceptance/acceptance_fixture.hpp"

#include <algorithm>

BOOST_AUTO_TEST_SUITE(modules_test)

using namespace glovebox;
using namespace glovebox::test;
using texts = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(modules, with_module)

BOOST_AUTO_TEST_CASE(row_01_attributes_functions_and_arguments) {
  BOOST_TEST(module.get<std::string>("version") == "1.2");
  BOOST_TEST(module.call<int>("answer") == 42);
  BOOST_TEST(module.call<int>("add", 40, 2) == 42);
  BOOST_TEST(module.call<double>("scaled", 1.5) == 3.0);
  BOOST_TEST(module.call<double>("scaled", 1.5, 4.0) == 6.0);
  BOOST_TEST(module.call<double>("scaled", 1.5, keyword("shift", 1)) == 4.0);
  BOOST_TEST(module.call<double>("scaled", keyword("factor", 10), keyword("value", 2)) == 20.0);
  BOOST_TEST(module.call<std::string>("which", 1) == "integer");
  BOOST_TEST(module.call<std::string>("which", "1") == "text");
  // A function is an object, too.
  const sync_proxy add = module.get<proxy>("add");
  BOOST_TEST(add.invoke<int>(1, keyword("b", 2)) == 3);
}

BOOST_AUTO_TEST_CASE(row_01_wrong_arguments_name_the_candidates) {
  const char* const scaled =
      "scaled(value: double, factor: double = 2.0, shift: int = 0) -> double";
  const auto refused = [&](auto&&... arguments) {
    return thrown<std::invalid_argument>([&] { module.call("scaled", arguments...); });
  };
  BOOST_TEST(holds(refused(), {scaled, "value"}));
  BOOST_TEST(holds(refused(1, 2, 3, 4), {scaled}));
  BOOST_TEST(holds(refused(1, keyword("facto", 2)), {scaled, "facto"}));
  BOOST_TEST(holds(refused(1, keyword("value", 2)), {scaled, "value"}));
  BOOST_TEST(holds(refused("x"), {scaled, "value", "text"}));
  BOOST_TEST(holds(thrown<std::invalid_argument>([&] { module.call("which", 1.5); }),
                   {"which(int)", "which(std::string)"}));
  BOOST_TEST(holds(thrown<std::logic_error>([&] { module.call("nowhere"); }),
                   {"acceptance", "'nowhere'"}));
  BOOST_TEST(module.call<int>("answer") == 42);
}

BOOST_AUTO_TEST_CASE(row_02_objects_stay_in_the_child) {
  const sync_proxy counter = module.call<proxy>("Counter", 5);
  counter.call("add", 2);
  BOOST_TEST(counter.call<int>("value") == 7);
  const sync_proxy chained = counter.call<proxy>("add").call<proxy>("add", keyword("by", 2));
  BOOST_TEST((chained == counter));
  BOOST_TEST(counter.call<int>("value") == 10);
  const sync_proxy me = counter.call<proxy>("me");
  BOOST_TEST((me == counter));
  BOOST_TEST(counter.is_same(me));
  BOOST_TEST(!counter.is_same(module.call<proxy>("Counter", 10)));
}

BOOST_AUTO_TEST_CASE(row_02_objects_go_with_their_last_handle) {
  {
    const sync_proxy counter = module.call<proxy>("Counter");
    const sync_proxy me = counter.call<proxy>("me");
    BOOST_TEST(module.call<long>("living", "Counter") == 1);
  }
  BOOST_TEST(eventually([&] { return module.call<long>("living", "Counter") == 0; }));
}

BOOST_AUTO_TEST_CASE(row_03_state_of_the_module) {
  BOOST_TEST(module.call<int>("next_state") == 55);
  BOOST_TEST(module.get<int>("state") == 55);
  BOOST_TEST(module.call<int>("next_state") == 56);
  BOOST_TEST(module.get<int>("state") == 56);
  // An attribute of the module's, as well.
  module.set("mark", texts{"here"});
  BOOST_TEST((module.get<texts>("mark") == texts{"here"}));
  BOOST_TEST(module.has("mark"));
  module.del("mark");
  BOOST_TEST(!module.has("mark"));
}

BOOST_AUTO_TEST_CASE(row_04_two_contexts_have_their_own_state) {
  const sync_context other{context(shared_io(), acceptance_options())};
  const sync_proxy there = other.load_module("acceptance");
  BOOST_TEST((there == module) == false);
  BOOST_TEST(module.call<int>("next_state") == 55);
  BOOST_TEST(module.call<int>("next_state") == 56);
  BOOST_TEST(there.call<int>("next_state") == 55);
  module.set("mark", 1);
  BOOST_TEST(!there.has("mark"));
}

BOOST_AUTO_TEST_CASE(row_05_imported_twice) {
  const sync_proxy again = ctx.load_module("acceptance");
  BOOST_TEST((again == module));
  BOOST_TEST(again.is_same(module));
  module.call("next_state");
  BOOST_TEST(again.get<int>("state") == 55);
}

BOOST_AUTO_TEST_CASE(row_06_classes) {
  const sync_proxy of_class = module.get<proxy>("Circle");
  BOOST_TEST((module.get<proxy>("Circle") == of_class));
  BOOST_TEST(of_class.is_same(module.get<proxy>("Circle")));
  const sync_proxy circle = of_class.invoke<proxy>(2.0);
  BOOST_TEST(circle.get<double>("radius") == 2.0);
  BOOST_TEST(circle.is_instance(of_class));
  BOOST_TEST(circle.is_instance(module.get<proxy>("Shape")));
  BOOST_TEST(!circle.is_instance(module.get<proxy>("Counter")));
  BOOST_TEST(circle.call<double>("area") == 12.0);
  // What a function returns as its base is still what it is.
  const sync_proxy shape = module.call<proxy>("make_shape", 1.0);
  BOOST_TEST(shape.is_instance(of_class));
  BOOST_TEST(shape.get<double>("radius") == 1.0);
  BOOST_TEST(holds(shape.type_name(), {"Circle"}));
}

BOOST_AUTO_TEST_CASE(row_11_docs) {
  BOOST_TEST(module.doc() == "What users must be able to do.");
  const sync_proxy of_class = module.get<proxy>("Counter");
  const sync_proxy counter = of_class.invoke<proxy>();
  BOOST_TEST(of_class.doc() == "Counts.");
  BOOST_TEST(counter.doc() == "Counts.");
  // Functions and methods, as objects and by their names.
  BOOST_TEST(module.get<proxy>("add").doc() == "The sum.");
  BOOST_TEST(module.doc("add") == "The sum.");
  BOOST_TEST(module.doc("Counter") == "Counts.");
  BOOST_TEST(holds(module.doc("which"), {"Of an integer.", "Of a text."}));
  BOOST_TEST(counter.get<proxy>("add").doc() == "Counts on.");
  BOOST_TEST(of_class.get<proxy>("add").doc() == "Counts on.");
  BOOST_TEST(counter.doc("add") == "Counts on.");
  BOOST_TEST(of_class.doc("add") == "Counts on.");
  // Properties are no objects, so their names are the only way.
  BOOST_TEST(module.doc("state") == "How far it has come.");
  BOOST_TEST(counter.doc("current") == "Where it stands.");
  BOOST_TEST(of_class.doc("current") == "Where it stands.");
  BOOST_TEST(counter.doc("value") == "");
  BOOST_TEST(holds(thrown<std::logic_error>([&] { counter.doc("wings"); }), {"'wings'"}));
}

BOOST_AUTO_TEST_CASE(row_11_signatures) {
  const sync_proxy of_class = module.get<proxy>("Counter");
  const sync_proxy counter = of_class.invoke<proxy>();
  const texts add{"add(a: int, b: int) -> int"};
  BOOST_TEST(module.get<proxy>("add").signature() == add, boost::test_tools::per_element());
  BOOST_TEST(module.signature("add") == add, boost::test_tools::per_element());
  BOOST_TEST(module.signature("which").size() == 2u);
  const texts made{"Counter() -> acceptance.Counter", "Counter(start: int) -> acceptance.Counter"};
  BOOST_TEST(of_class.signature() == made, boost::test_tools::per_element());
  BOOST_TEST(module.signature("Counter") == made, boost::test_tools::per_element());
  const std::string on = counter.signature("add").at(0);
  BOOST_TEST(holds(on, {"add(by: int = 1) -> ", "ounter"}));
  BOOST_TEST(of_class.signature("add").at(0) == on);
  BOOST_TEST(counter.get<proxy>("add").signature().at(0) == on);
  BOOST_TEST(counter.signature("current").size() == 1u);
  BOOST_TEST(module.call<proxy>("Adder", 1).signature().at(0) == "Adder(int) -> int");
  BOOST_TEST(holds(thrown<std::logic_error>([&] { counter.signature("wings"); }), {"'wings'"}));
}

BOOST_AUTO_TEST_CASE(row_11_types) {
  BOOST_TEST(module.type_name() == "module");
  BOOST_TEST(module.get<proxy>("Counter").type_name() == "class");
  BOOST_TEST(module.get<proxy>("add").type_name() == "function");
  const sync_proxy counter = module.call<proxy>("Counter");
  BOOST_TEST(counter.get<proxy>("add").type_name() == "method");
  BOOST_TEST(counter.type_name() == "acceptance.Counter");
  const value reference = module.call("Counter");
  BOOST_TEST(reference.object_kind() == "object");
  BOOST_TEST(reference.object_type() == "acceptance.Counter");
}

BOOST_AUTO_TEST_CASE(row_11_names) {
  const texts names = module.dir();
  for (const char* const name : {"Counter", "add", "state", "version"})
    BOOST_TEST(bool(std::find(names.begin(), names.end(), name) != names.end()), name);
  const texts wanted{"add", "current", "me", "read_only", "take", "value"};
  const sync_proxy of_class = module.get<proxy>("Counter");
  BOOST_TEST(of_class.dir() == wanted, boost::test_tools::per_element());
  const sync_proxy counter = of_class.invoke<proxy>();
  BOOST_TEST(counter.dir() == wanted, boost::test_tools::per_element());
  const sync_proxy bag = module.call<proxy>("Bag");
  bag.set("colour", "red");
  BOOST_TEST(bag.dir() == texts{"colour"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
