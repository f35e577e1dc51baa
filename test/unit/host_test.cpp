// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Functions and attributes of modules, by the operations of a host.
#include "runtime/exceptions.hpp"
#include "runtime/module_loader.hpp"
#include "unit/bound_module.hpp"
#include "unit/host_fixture.hpp"

#include <glovebox/binding/function.hpp>
#include <glovebox/module.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(host_test)

using namespace glovebox;
using namespace glovebox::test;
using mismatch = binding::argument_mismatch;

bool names(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}
std::vector<std::string> texts(const value& of) {
  return of.as<std::vector<std::string>>();
}

BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(row_01_arguments) {
  hosted child;
  const value m = child.import("bound");
  BOOST_TEST(child.call(m, "answer").as<int>() == 42);
  BOOST_TEST(child.call(m, "scaled", 3.0, 4.0, 5).as<double>() == 17);
  BOOST_TEST(child.call(m, "scaled", 3.0).as<double>() == 6);
  BOOST_TEST(child.call(m, "scaled", 3).as<double>() == 6);  // an integer as a double
  BOOST_TEST(child.call_with({{"shift", 1}}, m, "scaled", 3.0).as<double>() == 7);
  BOOST_TEST(child.call_with({{"shift", 1}, {"value", 1.0}}, m, "scaled").as<double>() == 3);
  BOOST_TEST(child.call(m, "nothing").is_null());
  BOOST_TEST(child.call(m, "length", std::string("a\0b", 3)).as<int>() == 3);
  BOOST_TEST(child.call(m, "c_length", "abc").as<int>() == 3);
  BOOST_TEST(child.call(m, "sum_of", std::vector{1, 2, 3}).as<int>() == 6);
  BOOST_TEST(child.call(m, "sum_of", std::vector(10'000, 1)).as<int>() == 10'000);
  BOOST_TEST(child.call(m, "sum_three", std::vector{1, 2, 3}).as<int>() == 6);
  BOOST_TEST(child.call(m, "stopping", 5).as<int>() == 5);
  std::stop_source source;
  source.request_stop();
  child.stop_token = source.get_token();
  BOOST_TEST(child.call(m, "stopping", 5).as<int>() == -1);
  BOOST_TEST(child.call(m, "text_or_null", true).as<std::string>() == "yes");
  BOOST_TEST(child.call(m, "text_or_null", false).is_null());
  BOOST_TEST(
      (child.call(m, "mirror", bound::point{1, 2}).as<bound::point>() == bound::point{2, 1}));
}

BOOST_AUTO_TEST_CASE(row_01_mismatches_name_the_candidates) {
  hosted child;
  const value m = child.import("bound");
  const auto complaint = [&](const auto&... arguments) {
    return thrown<mismatch>([&] { child.call(m, "scaled", arguments...); });
  };
  BOOST_TEST(complaint() ==
             "bound.scaled(value: double, factor: double = 2.0, shift: int = 0) -> double: "
             "the argument 'value' is missing");
  BOOST_TEST(complaint(1.0, 2.0, 3, 4).ends_with(": it takes 3 arguments, 4 were given"));
  BOOST_TEST(complaint("x").ends_with(": value: expected a floating-point number, not text"));
  BOOST_TEST(complaint(1.0, 2.0, 3.5)
                 .ends_with(": shift: expected an integer, not a floating-point number"));
  BOOST_TEST(thrown<mismatch>([&] {
               child.call_with({{"x", 1}}, m, "scaled", 1.0);
             }).ends_with(": it has no parameter 'x'"));
  BOOST_TEST(thrown<mismatch>([&] {
               child.call_with({{"value", 1}}, m, "scaled", 1.0);
             }).ends_with(": the argument 'value' is given twice"));
  BOOST_TEST(
      thrown<mismatch>([&] { child.call(m, "sum_of"); }).ends_with(": argument 1 is missing"));
  BOOST_TEST(thrown<mismatch>([&] {
               child.call(m, "sum_of", std::vector<value>{1, "two"});
             }).ends_with(": args[0][1]: expected an integer, not text"));
  BOOST_TEST(thrown<mismatch>([&] {
               child.call(m, "sum_three", std::vector{1});
             }).ends_with("less elements than the 3 that belong here"));
  const std::string which = thrown<mismatch>([&] { child.call(m, "which", true, 1); });
  BOOST_TEST(which ==
             "no bound.which takes these arguments:\n"
             "  which(int) -> std::string: it takes 1 argument, 2 were given\n"
             "  which(double) -> std::string: it takes 1 argument, 2 were given\n"
             "  which(std::string) -> const char*: it takes 1 argument, 2 were given\n"
             "  which(bound::counter) -> const char*: it takes 1 argument, 2 were given\n"
             "  which(list: std::vector<int>) -> const char*: it takes 1 argument, 2 were given");
  BOOST_TEST(names(thrown<mismatch>([&] { child.call(m, "which", true); }),
                   "which(int) -> std::string: args[0]: expected an integer, not a bool\n"));
}

BOOST_AUTO_TEST_CASE(overloads_exactly_and_then_by_conversion) {
  hosted child;
  const value m = child.import("bound");
  const auto which = [&](const auto& argument) {
    return child.call(m, "which", argument).template as<std::string>();
  };
  BOOST_TEST(which(1) == "int");
  BOOST_TEST(which(1.5) == "double");
  BOOST_TEST(which(1.0) == "double");
  BOOST_TEST(which(std::int64_t{1} << 40) == "double");  // beyond an int, exact in a double
  BOOST_TEST(which("x") == "text");
  BOOST_TEST(which(child.call(m, "Counter")) == "counter");
  BOOST_TEST(which(std::vector{1}) == "list");
  BOOST_TEST(child.call_with({{"list", std::vector{1}}}, m, "which").as<std::string>() == "list");
  BOOST_TEST(thrown<mismatch>([&] { which(std::numeric_limits<std::int64_t>::max()); }) != "");
}

BOOST_AUTO_TEST_CASE(any_value_comes_back) {
  hosted child;
  const value m = child.import("bound");
  const std::map<std::string, value> any{{"$ref", 5}, {"list", std::vector<value>{1, 2.5, "x"}}};
  BOOST_TEST((child.call(m, "same", any) == value(any)));
  const std::string large(100'000, 'x');
  BOOST_TEST((child.call(m, "same", large).as<std::string>() == large));
  const std::vector<double> numbers(50'000, 0.1);
  BOOST_TEST((child.call(m, "same", numbers).as<std::vector<double>>() == numbers));
}

BOOST_AUTO_TEST_CASE(functions_are_objects) {
  hosted child;
  const value m = child.import("bound");
  const value scaled = child.get(m, "scaled");
  BOOST_TEST(scaled.object_kind() == "function");
  BOOST_TEST(scaled.object_type() == "bound.scaled");
  BOOST_TEST(child.run(op::call, scaled, 3.0, 4.0).as<double>() == 12);
  BOOST_TEST((child.get(m, "scaled") == scaled));
  BOOST_TEST(child.run(op::is_same, scaled, child.get(m, "scaled")).as<bool>());
  BOOST_TEST(!child.run(op::is_same, scaled, child.get(m, "which")).as<bool>());
  BOOST_TEST(child.run(op::str, scaled).as<std::string>() == "<function bound.scaled>");
  BOOST_TEST(child.run(op::type_name, scaled).as<std::string>() == "function");
  BOOST_TEST(child.run(op::doc, scaled).as<std::string>() == "Multiplies and shifts.");
  BOOST_TEST(texts(child.run(op::signature, scaled)).at(0) ==
             "scaled(value: double, factor: double = 2.0, shift: int = 0) -> double");
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.run(op::size, scaled); }),
                   "<function bound.scaled> does not know the operation 'size'"));
}

BOOST_AUTO_TEST_CASE(what_fails_after_the_arguments_is_no_mismatch) {
  hosted child;
  const value m = child.import("bound");
  BOOST_CHECK_THROW(child.call(m, "throws", 3), std::out_of_range);
  BOOST_CHECK_THROW(child.call(m, "throws", 4), int);
  // A codec_error that the function itself throws.
  BOOST_TEST(thrown<codec_error>([&] { child.call(m, "as_integer", "x"); }) ==
             "expected an integer, not text");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(modules)

BOOST_AUTO_TEST_CASE(row_05_the_same_module_twice) {
  hosted child;
  const value first = child.import("bound");
  const value second = child.import("bound");
  BOOST_TEST(first.object_kind() == "module");
  BOOST_TEST(first.object_type() == "bound");
  BOOST_TEST((first == second));
  BOOST_TEST(child.run(op::is_same, first, second).as<bool>());
  BOOST_TEST(child.run(op::str, first).as<std::string>() == "<module bound>");
  BOOST_TEST(child.run(op::compare, first, "==", second).as<bool>());
  BOOST_TEST(!child.run(op::compare, first, "!=", second).as<bool>());
  BOOST_TEST((child.run(op::hash, first) == child.run(op::hash, second)));
}

BOOST_AUTO_TEST_CASE(row_01_attributes) {
  hosted child;
  const value m = child.import("bound");
  BOOST_TEST(child.get(m, "version").as<std::string>() == "1.2");
  BOOST_TEST((child.get(m, "numbers").as<std::vector<int>>() == std::vector{1, 2, 3}));
  BOOST_TEST(child.run(op::has, m, "version").as<bool>());
  BOOST_TEST(!child.run(op::has, m, "vision").as<bool>());
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.get(m, "vision"); }),
                   "the module bound has no attribute 'vision'"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.call(m, "vision"); }), "'vision'"));
  child.run(op::set, m, "fresh", std::vector{1});
  BOOST_TEST((child.get(m, "fresh").as<std::vector<int>>() == std::vector{1}));
  child.run(op::del, m, "fresh");
  BOOST_TEST(!child.run(op::has, m, "fresh").as<bool>());
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.run(op::del, m, "fresh"); }), "'fresh'"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.run(op::set, m, "scaled", 1); }),
                   "bound.scaled is a function or class"));
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.run(op::del, m, "scaled"); }),
                   "bound.scaled cannot be deleted"));
  BOOST_CHECK_THROW(child.run(op::set, m, "$x", 1), std::logic_error);
  BOOST_CHECK_THROW(child.call(m, "version"), mismatch);
}

BOOST_AUTO_TEST_CASE(row_03_state) {
  hosted child;
  const value m = child.import("bound");
  const int before = child.get(m, "state").as<int>();
  BOOST_TEST(child.call(m, "next_state").as<int>() == before + 1);
  BOOST_TEST(child.get(m, "state").as<int>() == before + 1);
  BOOST_TEST(names(thrown<std::logic_error>([&] { child.run(op::set, m, "state", 1); }),
                   "bound.state can only be read"));
  child.run(op::set, m, "doubled", 20);
  BOOST_TEST(child.get(m, "variable").as<int>() == 10);
  child.run(op::set, m, "variable", 4);
  BOOST_TEST(child.get(m, "doubled").as<int>() == 8);
  BOOST_TEST(names(thrown<mismatch>([&] { child.run(op::set, m, "variable", "x"); }),
                   "bound.variable(int): args[0]: expected an integer, not text"));
}

BOOST_AUTO_TEST_CASE(row_11_dir_doc_signature) {
  hosted child;
  const value m = child.import("bound");
  const auto all = texts(child.run(op::dir, m));
  for (const char* const name : {"scaled", "Counter", "version", "state"})
    BOOST_TEST(bool(std::find(all.begin(), all.end(), name) != all.end()));
  BOOST_TEST(std::is_sorted(all.begin(), all.end()));
  BOOST_TEST(child.run(op::doc, m).as<std::string>() == "What the tests bind.");
  BOOST_TEST(child.run(op::doc, m, "which").as<std::string>() == "An integer.\nA double.");
  BOOST_TEST(child.run(op::doc, m, "state").as<std::string>() == "How far it has come.");
  BOOST_TEST(texts(child.run(op::signature, m, "which")).size() == 5u);
  BOOST_TEST(texts(child.run(op::signature, m, "stopping")).at(0) == "stopping(n: int) -> int");
  BOOST_TEST(texts(child.run(op::signature, m, "nothing")).at(0) == "nothing()");
  BOOST_TEST(texts(child.run(op::signature, m, "Counter")).at(1) ==
             "Counter(start: int) -> bound.Counter");
  BOOST_CHECK_THROW(child.run(op::doc, m, "nobody"), std::logic_error);
}

BOOST_AUTO_TEST_CASE(modules_that_are_not_there) {
  hosted child;
  BOOST_TEST(names(thrown<runtime::module_not_found>([&] { child.import("nowhere"); }),
                   "no module 'nowhere'"));
  std::vector<std::string> asked;
  runtime::cpp_host_options options;
  options.load_module = [&](const std::string& name) { asked.push_back(name); };
  hosted loading(options);
  BOOST_TEST(names(thrown<runtime::not_a_module>([&] { loading.import("nowhere"); }), "nowhere"));
  BOOST_TEST((asked == std::vector<std::string>{"nowhere"}));
  loading.import("bound");
  BOOST_TEST(asked.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(messages)

value send_text(hosted& child, op what, const value& on, std::string_view json) {
  return child.send(what, on, std::as_bytes(std::span(json)));
}

BOOST_AUTO_TEST_CASE(arguments_that_are_none) {
  hosted child;
  const value m = child.import("bound");
  const std::size_t before = child.objects();
  for (const std::string_view json :
       {"", "5", "null", "[", "[1", R"({"args":[1]})", R"({"kwargs":{}})", R"({"args":1})",
        R"({"args":["answer"],"kwargs":[]})", R"({"args":["answer"],"more":1})",
        R"({"args":["answer"],"args":["answer"]})", R"(["answer"]x)", R"([5])", R"([])",
        R"({"args":["scaled"],"kwargs":{"value":1.0,"value":2.0}})", R"(["same",{"$ref":999999}])",
        R"(["same",{"$ref":0}])", R"(["same",{"$ref":-1}])"})
    BOOST_CHECK_THROW(send_text(child, op::call_method, m, json), std::exception);
  BOOST_TEST(child.objects() == before);
  BOOST_TEST(
      send_text(child, op::call_method, m, R"( { "kwargs" : {"value":1.5} , "args":["scaled"]} )")
          .as<double>() == 3);
}

BOOST_AUTO_TEST_CASE(operations_and_objects_that_are_none) {
  hosted child;
  const value m = child.import("bound");
  BOOST_CHECK_THROW(send_text(child, static_cast<op>(0), m, "[]"), std::exception);
  BOOST_CHECK_THROW(send_text(child, static_cast<op>(999), m, "[]"), std::exception);
  BOOST_CHECK_THROW(send_text(child, op::call_method, value(), R"(["f"])"), std::exception);
  BOOST_CHECK_THROW(send_text(child, op::next, m, "[1,1,1]"), std::exception);
  for (auto what = static_cast<std::uint32_t>(op::call);
       what <= static_cast<std::uint32_t>(last_op); ++what) {
    // Whatever is done without its arguments: an error or an answer, never more.
    for (const char* const json : {"[]", "[1]", "[\"x\"]", "[\"x\",1,2,3]", "[{\"$ref\":1}]"}) {
      try {
        send_text(child, static_cast<op>(what), m, json);
      } catch (const std::exception&) {
      }
      try {
        send_text(child, static_cast<op>(what), child.call(m, "Counter", 3), json);
      } catch (const std::exception&) {
      }
      try {
        send_text(child, static_cast<op>(what), child.get(m, "Counter"), json);
      } catch (const std::exception&) {
      }
    }
  }
  BOOST_TEST(child.call(m, "answer").as<int>() == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(exceptions)

core::exception_record record_of(hosted& child, const value& m, int kind) {
  try {
    child.call(m, "throws", kind);
  } catch (...) {
    return runtime::capture_current_exception();
  }
  throw std::logic_error("nothing was thrown");
}

BOOST_AUTO_TEST_CASE(row_14_named_types) {
  hosted child;
  const value m = child.import("bound");
  const core::exception_record bad = record_of(child, m, 0);
  BOOST_TEST(bad.name == "bound.BadModel");
  BOOST_TEST(bad.type == "bound::bad_model");
  BOOST_TEST(bad.message == "the model is bad");
  BOOST_TEST((bad.base == core::standard_base::runtime_error));
  const core::exception_record worse = record_of(child, m, 1);
  BOOST_TEST(worse.name == "bound.BadModel");
  BOOST_TEST(worse.type == "bound::worse_model");
  BOOST_TEST(record_of(child, m, 2).name == "");
  BOOST_TEST(record_of(child, m, 2).type == "bound::unnamed_error");
  BOOST_TEST((record_of(child, m, 2).base == core::standard_base::domain_error));
  BOOST_TEST(record_of(child, m, 4).type == "int");
  BOOST_TEST(record_of(child, m, 4).name == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// ---- modules that cannot be defined

GLOVEBOX_MODULE(throwing_module, m) {
  m.attr("x") = 1;
  throw std::runtime_error("not today");
}
GLOVEBOX_MODULE(bad_default, m) {
  m.def(
      "f", [](int n) { return n; }, arg("n") = "text");
}
GLOVEBOX_MODULE(twin_names, m) {
  m.attr("f") = 1;
  m.def("f", [] {});
}
GLOVEBOX_MODULE(bound_again, m) {
  m.class_<bound::counter>("Again");
}

BOOST_AUTO_TEST_SUITE(host_test)

BOOST_AUTO_TEST_CASE(modules_that_cannot_be_defined) {
  hosted child;
  const auto why = [&](const char* name) {
    return thrown<runtime::module_initialiser_threw>([&] { child.import(name); });
  };
  child.import("bound");
  BOOST_TEST(why("throwing_module") == "the module 'throwing_module' cannot be defined: not today");
  BOOST_TEST(why("throwing_module") != "");  // and not half of it the second time
  BOOST_TEST(names(why("bad_default"), "the default value of the parameter 'n'"));
  BOOST_TEST(names(why("twin_names"), "twin_names has another 'f' already"));
  BOOST_TEST(names(why("bound_again"), "bound::counter is bound already, as bound.Counter"));
}

BOOST_AUTO_TEST_SUITE_END()
