// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Objects, classes and operators, by the operations of a host.
#include "unit/bound_module.hpp"
#include "unit/host_fixture.hpp"

#include <glovebox/binding/function.hpp>

#include <algorithm>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(host_objects_test)

using namespace glovebox;
using namespace glovebox::test;
using mismatch = binding::argument_mismatch;

bool names(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}
std::vector<std::string> texts(const value& of) {
  return of.as<std::vector<std::string>>();
}

struct with_module : hosted {
  value m = import("bound");
  value make(const char* name) { return call(m, name); }
};

BOOST_FIXTURE_TEST_SUITE(objects, with_module)

BOOST_AUTO_TEST_CASE(row_02_state_stays_in_the_child) {
  const value c = call(m, "Counter", 5);
  BOOST_TEST(c.object_kind() == "object");
  BOOST_TEST(c.object_type() == "bound.Counter");
  BOOST_TEST(call(c, "value").as<int>() == 5);
  const value again = call(call(call(c, "add", 2), "add"), "add", 3);
  BOOST_TEST((again == c));
  BOOST_TEST(call(c, "value").as<int>() == 11);
  BOOST_TEST(run(op::is_same, c, call(c, "me")).as<bool>());
  BOOST_TEST(!run(op::is_same, c, call(m, "Counter", 5)).as<bool>());
  BOOST_TEST(!run(op::is_same, c, 5).as<bool>());
  BOOST_TEST(call_with({{"by", 4}}, c, "add").object_type() == "bound.Counter");
  BOOST_TEST(call(c, "scaled", 2).as<int>() == 30);
  BOOST_TEST(names(thrown<mismatch>([&] { call(c, "add", "x"); }),
                   "bound.Counter.add(by: int = 1) -> bound::counter: by: expected an integer"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { call(c, "fly"); }),
                   "an object of class bound.Counter has no attribute 'fly'"));
}

BOOST_AUTO_TEST_CASE(objects_live_as_long_as_their_handles) {
  const std::size_t before = objects();
  const int living = bound::living_counters;
  {
    const value c = make("Counter");
    const value me = call(c, "me");
    const value method = get(c, "value");
    BOOST_TEST(bound::living_counters == living + 1);
    BOOST_TEST(objects() == before + 2);  // and the method
  }
  BOOST_TEST(bound::living_counters == living);
  BOOST_TEST(objects() == before);
  value method;
  {
    const value c = call(m, "Counter", 8);
    method = get(c, "value");
  }
  BOOST_TEST(method.object_kind() == "method");
  BOOST_TEST(run(op::call, method).as<int>() == 8);  // which it keeps alive
  method = value();
  BOOST_TEST(bound::living_counters == living);
  BOOST_TEST(objects() == before);
}

BOOST_AUTO_TEST_CASE(row_17_objects_as_arguments) {
  const value a = call(m, "Counter", 1);
  const value b = call(m, "Counter", 2);
  call(a, "take", b);
  BOOST_TEST(call(a, "value").as<int>() == 3);
  call(a, "move_into", b);
  BOOST_TEST(call(b, "value").as<int>() == 5);
  call(b, "take", b);
  BOOST_TEST(call(b, "value").as<int>() == 10);
  BOOST_TEST(
      names(thrown<mismatch>([&] { call(a, "take", 5); }), "expected an object, not an integer"));
  BOOST_TEST(names(thrown<mismatch>([&] { call(a, "take", make("Garage")); }),
                   "expected a bound::counter, not a bound.Garage"));
  BOOST_TEST(names(thrown<mismatch>([&] { call(a, "take", m); }),
                   "expected a bound::counter, not a module, class or function"));
  // In a container, and back.
  const value both = call(m, "same", std::vector<value>{a, b, a});
  BOOST_TEST((both[0] == a));
  BOOST_TEST((both[1] == b));
  BOOST_TEST((both[2] == a));
  BOOST_TEST(run(op::is_same, both[2], a).as<bool>());
}

BOOST_AUTO_TEST_CASE(constant_objects_are_not_changed) {
  const value c = call(m, "Counter", 1);
  const value constant = call(call(m, "Garage"), "look");
  BOOST_TEST(call(constant, "power").as<int>() == 100);
  BOOST_TEST(names(thrown<mismatch>([&] { call(constant, "tune"); }), "the object is constant"));
  // An object that the parent may change stays what it is.
  BOOST_TEST((call(c, "constant_me") == c));
}

BOOST_AUTO_TEST_CASE(described_objects_are_values_or_objects) {
  const value p = call(m, "Point");
  BOOST_TEST(p.is_object());
  run(op::set, p, "x", 2.0);
  call(m, "shift", p);
  BOOST_TEST(get(p, "x").as<double>() == 3);
  BOOST_TEST((call(m, "mirror", p).as<bound::point>() == bound::point{0, 3}));
  BOOST_TEST((run(op::by_value, p).as<bound::point>() == bound::point{3, 0}));
  BOOST_TEST(run(op::compare, p, "==", bound::point{3, 0}).as<bool>());
  BOOST_TEST(names(thrown<mismatch>([&] {
                     call(m, "shift", bound::point{1, 2});
                   }),
                   "expected an object, not a dict"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(classes, with_module)

BOOST_AUTO_TEST_CASE(row_06_classes_are_objects) {
  const value counter = get(m, "Counter");
  BOOST_TEST(counter.object_kind() == "class");
  BOOST_TEST(counter.object_type() == "bound.Counter");
  BOOST_TEST((get(m, "Counter") == counter));
  const value c = run(op::call, counter, 5);
  BOOST_TEST(call(c, "value").as<int>() == 5);
  BOOST_TEST(run(op::is_instance, c, counter).as<bool>());
  BOOST_TEST(!run(op::is_instance, c, get(m, "Garage")).as<bool>());
  BOOST_TEST(!run(op::is_instance, counter, counter).as<bool>());
  BOOST_CHECK_THROW(run(op::is_instance, c, c), std::invalid_argument);
  BOOST_TEST(run(op::type_name, c).as<std::string>() == "bound.Counter");
  BOOST_TEST(run(op::type_name, counter).as<std::string>() == "class");
  BOOST_TEST(run(op::str, counter).as<std::string>() == "<class bound.Counter>");
  BOOST_TEST(names(thrown<mismatch>([&] { run(op::call, counter, "x"); }),
                   "no bound.Counter takes these arguments:\n  Counter() -> "));
  BOOST_TEST(call(m, "Counter").is_object());
  // What belongs to the class, and methods without their object.
  BOOST_TEST(call(call(counter, "make", 9), "value").as<int>() == 9);
  BOOST_TEST(run(op::call, get(counter, "make"), 9).is_object());
  BOOST_TEST(get(counter, "unit").as<std::string>() == "one");
  BOOST_TEST(get(c, "unit").as<std::string>() == "one");
  BOOST_TEST(call(counter, "value", c).as<int>() == 5);
  BOOST_TEST(run(op::call, get(counter, "add"), c, 3).is_object());
  BOOST_TEST(call(c, "value").as<int>() == 8);
  BOOST_CHECK_THROW(call(counter, "value", 5), std::exception);
  BOOST_CHECK_THROW(call(counter, "value"), std::exception);
  BOOST_CHECK_THROW(call(counter, "value", call(m, "Garage")), std::exception);
  BOOST_TEST(names(thrown<std::logic_error>([&] { get(counter, "current"); }), "is a property"));
  BOOST_TEST(run(op::has, counter, "add").as<bool>());
  BOOST_TEST(!run(op::has, counter, "fly").as<bool>());
}

BOOST_AUTO_TEST_CASE(row_06_bases) {
  const value c = call(m, "Circle", 2.0);
  BOOST_TEST(run(op::is_instance, c, get(m, "Circle")).as<bool>());
  BOOST_TEST(run(op::is_instance, c, get(m, "Shape")).as<bool>());
  BOOST_TEST(run(op::is_instance, c, get(m, "Named")).as<bool>());
  BOOST_TEST(call(c, "area").as<double>() == 12);
  call(c, "rename", "disc");
  BOOST_TEST(call(c, "name").as<std::string>() == "disc");
  BOOST_TEST(get(c, "radius").as<double>() == 2);
  // The second base is somewhere else in the object.
  run(op::set, c, "title", "A circle");
  BOOST_TEST(get(c, "title").as<std::string>() == "A circle");
  BOOST_TEST(call(m, "title_of", c).as<std::string>() == "A circle");
  BOOST_TEST(call(m, "area_of", c).as<double>() == 12);
  BOOST_TEST(call(m, "pointer_area", c).as<double>() == 12);
  BOOST_TEST(call(m, "pointer_area", nullptr).as<double>() == -1);
  BOOST_TEST(call(m, "total_area", std::vector<value>{c, value(), c}).as<double>() == 24);
  BOOST_TEST((call(m, "shared", c) == c));
  BOOST_CHECK_THROW(call(m, "area_of", call(m, "Counter")), mismatch);
}

BOOST_AUTO_TEST_CASE(objects_are_what_they_really_are) {
  const value round = call(m, "make_shape", true);
  BOOST_TEST(round.object_type() == "bound.Circle");
  BOOST_TEST(get(round, "radius").as<double>() == 2);
  // A class that nobody bound is known by its base.
  const value hidden = call(m, "make_shape", false);
  BOOST_TEST(hidden.object_type() == "bound.Shape");
  BOOST_TEST(call(hidden, "area").as<double>() == 4);
  const value all = call(m, "shapes");
  BOOST_TEST(all.size() == 2u);
  BOOST_TEST(all[0].object_type() == "bound.Circle");
  BOOST_TEST(call(m, "total_area", all).as<double>() == 7);
}

BOOST_AUTO_TEST_CASE(row_11_docs_and_signatures) {
  const value counter = get(m, "Counter");
  const value c = run(op::call, counter);
  BOOST_TEST(run(op::doc, counter).as<std::string>() == "Counts.");
  BOOST_TEST(run(op::doc, c).as<std::string>() == "Counts.");
  BOOST_TEST(run(op::doc, c, "add").as<std::string>() == "Adds.");
  BOOST_TEST(run(op::doc, c, "current").as<std::string>() == "Where it stands.");
  BOOST_TEST(run(op::doc, get(c, "add")).as<std::string>() == "Adds.");
  BOOST_TEST(texts(run(op::signature, c, "add")).at(0) == "add(by: int = 1) -> bound::counter");
  BOOST_TEST(texts(run(op::signature, counter)).size() == 2u);
  BOOST_TEST(texts(run(op::signature, get(c, "scaled"))).at(0) == "scaled(by: int) -> int");
  const auto members = texts(run(op::dir, c));
  BOOST_TEST(bool(std::find(members.begin(), members.end(), "current") != members.end()));
  BOOST_TEST((texts(run(op::dir, call(m, "Circle", 1.0))) ==
              std::vector<std::string>{"area", "name", "radius", "rename", "title"}));
  BOOST_TEST((texts(run(op::dir, counter)) == members));
}

BOOST_AUTO_TEST_CASE(row_07_properties) {
  const value c = call(m, "Counter", 5);
  BOOST_TEST(get(c, "current").as<int>() == 5);
  run(op::set, c, "current", 7);
  BOOST_TEST(get(c, "current").as<int>() == 7);
  BOOST_CHECK_THROW(run(op::set, c, "current", -1), std::out_of_range);  // its own exception
  BOOST_TEST(names(thrown<mismatch>([&] { run(op::set, c, "current", "x"); }),
                   "expected an integer, not text"));
  run(op::set, c, "limit", 50);
  BOOST_TEST(get(c, "limit_to_read").as<int>() == 50);
  for (const char* const name : {"least", "read_only", "limit_to_read"})
    BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::set, c, name, 1); }),
                     std::string("bound.Counter.") + name + " can only be read"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::set, c, "add", 1); }), "cannot be set"));
  BOOST_TEST(
      names(thrown<std::logic_error>([&] { run(op::del, c, "limit"); }), "cannot be deleted"));
  BOOST_TEST(run(op::has, c, "limit").as<bool>());
  BOOST_TEST(!run(op::has, c, "wings").as<bool>());
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::set, c, "wings", 2); }),
                   "has no attribute 'wings' and takes no new ones"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { get(c, "wings"); }), "no attribute 'wings'"));
}

BOOST_AUTO_TEST_CASE(row_07_attributes_of_the_users_own) {
  const value b = call(m, "Bag");
  run(op::set, b, "colour", "red");
  run(op::set, b, "nothing", nullptr);
  run(op::set, b, "friend", call(m, "Counter", 3));
  BOOST_TEST(get(b, "colour").as<std::string>() == "red");
  BOOST_TEST(get(b, "nothing").is_null());
  BOOST_TEST(call(get(b, "friend"), "value").as<int>() == 3);
  BOOST_TEST(run(op::has, b, "colour").as<bool>());
  BOOST_TEST(
      (texts(run(op::dir, b)) == std::vector<std::string>{"colour", "fixed", "friend", "nothing"}));
  run(op::del, b, "colour");
  BOOST_TEST(!run(op::has, b, "colour").as<bool>());
  BOOST_TEST(names(thrown<std::logic_error>([&] { get(b, "colour"); }),
                   "an object of class bound.Bag has no attribute 'colour'"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::del, b, "colour"); }), "'colour'"));
  BOOST_TEST(get(b, "fixed").as<int>() == 1);
  run(op::set, b, "fixed", 2);
  BOOST_TEST(get(b, "fixed").as<int>() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(operators, with_module)

BOOST_AUTO_TEST_CASE(row_10_found_by_concepts) {
  const value a = call(m, "Counter", 1);
  const value b = call(m, "Counter", 2);
  const auto holds = [&](const char* how, const value& x, const value& y) {
    return run(op::compare, x, how, y).as<bool>();
  };
  for (const auto& [x, y, sign] :
       {std::tuple(a, b, -1), {b, a, 1}, {a, call(m, "Counter", 1), 0}}) {
    BOOST_TEST(holds("==", x, y) == (sign == 0));
    BOOST_TEST(holds("!=", x, y) == (sign != 0));
    BOOST_TEST(holds("<", x, y) == (sign < 0));
    BOOST_TEST(holds("<=", x, y) == (sign <= 0));
    BOOST_TEST(holds(">", x, y) == (sign > 0));
    BOOST_TEST(holds(">=", x, y) == (sign >= 0));
  }
  BOOST_TEST(!holds("==", a, value(1)));
  BOOST_TEST(holds("!=", a, value(1)));
  BOOST_CHECK_THROW(holds("<", a, value(1)), mismatch);
  BOOST_CHECK_THROW(holds("<=>", a, b), std::invalid_argument);
  BOOST_TEST(run(op::str, b).as<std::string>() == "counter at 2");
  BOOST_TEST(run(op::repr, b).as<std::string>() == "counter at 2");
  BOOST_TEST(run(op::hash, b).as<std::uint64_t>() == 14u);
  BOOST_TEST(run(op::truth, b).as<bool>());
}

BOOST_AUTO_TEST_CASE(row_10_what_a_class_does_not_have) {
  const value g = call(m, "Garage");
  BOOST_TEST(run(op::compare, g, "==", g).as<bool>());  // identity
  BOOST_TEST(!run(op::compare, g, "==", call(m, "Garage")).as<bool>());
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::compare, g, "<", g); }),
                   "an object of class bound.Garage cannot be compared with <"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::hash, g); }), "cannot be hashed"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::call, g); }), "cannot be called"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { run(op::get_item, g, 0); }), "has no items"));
  BOOST_TEST(run(op::str, g).as<std::string>() == "<bound.Garage object>");
  BOOST_TEST(run(op::str, call(m, "Point")).as<std::string>() == R"({"x":0.0,"y":0.0})");
  BOOST_TEST(run(op::truth, g).as<bool>());  // it has one engine
  call(g, "sell");
  BOOST_TEST(!run(op::truth, g).as<bool>());
  BOOST_TEST(run(op::size, g).as<int>() == 0);
}

BOOST_AUTO_TEST_CASE(said_otherwise) {
  const value o = call(m, "Odd");
  BOOST_TEST(run(op::size, o).as<int>() == 42);
  BOOST_TEST(run(op::compare, o, "==", 5).as<bool>());
  BOOST_TEST(!run(op::compare, o, "==", 6).as<bool>());
  BOOST_TEST(run(op::compare, o, "!=", 6).as<bool>());
  BOOST_TEST(!run(op::compare, o, "==", "x").as<bool>());
  BOOST_TEST(run(op::compare, o, "!=", "x").as<bool>());
  BOOST_TEST(run(op::compare, o, "==", call(m, "Odd")).as<bool>());
  BOOST_TEST(run(op::str, o).as<std::string>() == "an odd one");
  BOOST_TEST(run(op::repr, o).as<std::string>() == "odd()");
  BOOST_TEST(run(op::hash, o).as<int>() == 3);
  BOOST_TEST(!run(op::truth, o).as<bool>());
  BOOST_TEST(run(op::call, o, 3).as<int>() == 103);
  BOOST_TEST(run_with({{"n", 4}}, op::call, o).as<int>() == 104);
  BOOST_TEST(run(op::get_item, o, "key").as<std::string>() == "key!");
  BOOST_TEST(run(op::contains, o, 1).as<bool>());
  BOOST_TEST((run(op::next, run(op::iterate, o), 10, 1000, 1'000'000)[0].as<std::vector<int>>() ==
              std::vector{7, 8}));
}

BOOST_AUTO_TEST_CASE(row_12_callables) {
  const value hundred = get(m, "hundred");
  BOOST_TEST(run(op::call, hundred, 3).as<int>() == 103);
  BOOST_TEST(call(m, "hundred", 4).as<int>() == 104);
  BOOST_TEST(texts(run(op::signature, hundred)).at(0) == "Adder(int) -> int");
  const value function = call(m, "make_adder", 100);
  BOOST_TEST(run(op::call, function, 1).as<int>() == 101);
  BOOST_TEST(run(op::truth, function).as<bool>());
  const value lambda = call(m, "make_lambda", 7);
  BOOST_TEST(run(op::call, lambda, 6).as<int>() == 42);
  BOOST_TEST(names(thrown<mismatch>([&] { run(op::call, lambda, "x"); }),
                   "expected an integer, not text"));
  BOOST_TEST(call(m, "same", lambda).is_object());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
