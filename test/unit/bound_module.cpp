// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/bound_module.hpp"

#include <glovebox/module.hpp>
#include <glovebox/slice.hpp>

#include <deque>
#include <set>
#include <span>
#include <stop_token>
#include <string_view>

namespace bound {
namespace {

int state = 54;
int variable = 7;

double scaled(double value, double factor, int shift) {
  return value * factor + shift;
}
std::string which(int) {
  return "int";
}
std::string which_double(double) {
  return "double";
}
int sum_of(std::span<const int> numbers) {
  int sum = 0;
  for (const int each : numbers) sum += each;
  return sum;
}

}  // namespace

GLOVEBOX_MODULE(bound, m) {
  m.doc("What the tests bind.");
  m.attr("version") = "1.2";
  m.attr("numbers") = std::vector{1, 2, 3};

  // ---- functions
  m.def("answer", [] { return 42; });
  m.def("scaled", &scaled, arg("value"), arg("factor") = 2.0, arg("shift") = 0,
        doc("Multiplies and shifts."));
  m.def("which", &which, doc("An integer."));
  m.def("which", &which_double, "A double.");
  m.def("which", [](const std::string&) { return "text"; });
  m.def("which", [](const counter&) { return "counter"; });
  m.def(
      "which", [](const std::vector<int>&) { return "list"; }, arg("list"));
  m.def("next_state", [] { return ++state; });
  m.def("length", [](std::string_view text) { return text.size(); });
  m.def("c_length", [](const char* text) { return std::string_view(text).size(); });
  m.def("sum_of", &sum_of);
  m.def("sum_three", [](std::span<const int, 3> three) { return three[0] + three[1] + three[2]; });
  m.def("nothing", [] {});
  m.def(
      "stopping", [](int n, std::stop_token token) { return token.stop_requested() ? -1 : n; },
      arg("n"));
  m.def("same", [](glovebox::value any) { return any; });
  m.def("as_integer", [](glovebox::value any) { return any.as<int>(); });
  m.def("mirror", [](point at) { return point{at.y, at.x}; });
  m.def(
      "shift", [](point& at) { at.x += 1; }, "Changes its argument.");
  m.def("text_or_null", [](bool yes) -> const char* { return yes ? "yes" : nullptr; });
  m.def("throws", [](int kind) {
    if (kind == 0) throw bad_model("the model is bad");
    if (kind == 1) throw worse_model("the model is worse");
    if (kind == 2) throw unnamed_error("nobody knows");
    if (kind == 3) throw std::out_of_range("far");
    throw 42;
  });
  m.def("bad_result", [] { return std::vector<long double>{1, 2}; });
  m.exception<bad_model>("BadModel");

  // ---- attributes that are computed
  m.property(
      "state", [] { return state; }, "How far it has come.");
  m.property(
      "doubled", [] { return 2 * variable; }, [](int to) { variable = to / 2; });
  m.property("variable", &variable);

  // ---- classes
  m.class_<counter>("Counter")
      .doc("Counts.")
      .constructor<>()
      .constructor<int>(arg("start"))
      .def("add", &counter::add, arg("by") = 1, doc("Adds."))
      .def("me", &counter::me)
      .def("constant_me", &counter::constant_me)
      .def("take", &counter::take)
      .def("move_into", &counter::move_into)
      .def("value", &counter::value)
      .def(
          "scaled", [](const counter& self, int by) { return self.value() * by; }, arg("by"))
      .def_static("make", [](int start) { return counter(start); })
      .property("current", &counter::value, &counter::set_value, doc("Where it stands."))
      .property("limit", &counter::limit)
      .property("least", &counter::least)
      .property("read_only", &counter::value)
      .readonly("limit_to_read", &counter::limit)
      .attr("unit") = "one";

  m.class_<shape>("Shape")
      .def("area", &shape::area)
      .def("name", &shape::name)
      .def("rename", &shape::rename);
  m.class_<named>("Named").property("title", &named::title);
  m.class_<circle, shape, named>("Circle").constructor<double>().property("radius",
                                                                          &circle::radius);
  m.def("make_shape", [](bool round) -> std::unique_ptr<shape> {
    if (round) return std::make_unique<circle>(2);
    return std::make_unique<hidden_square>();
  });
  m.def("shapes", [] {
    return std::vector<std::shared_ptr<shape>>{std::make_shared<circle>(1),
                                               std::make_shared<hidden_square>()};
  });
  m.def("area_of", [](const shape& of) { return of.area(); });
  m.def("title_of", [](const named& of) { return of.title; });
  m.def("total_area", [](const std::vector<std::shared_ptr<shape>>& all) {
    double sum = 0;
    for (const auto& each : all) sum += each ? each->area() : 0;
    return sum;
  });
  m.def("pointer_area", [](const shape* of) { return of ? of->area() : -1; });
  m.def("shared", [](std::shared_ptr<shape> of) { return of; });

  m.class_<engine>("Engine")
      .constructor<int>()
      .def("power", &engine::power)
      .def("tune", &engine::tune);
  m.class_<garage>("Garage")
      .def("first", &garage::first)
      .def("look", &garage::look)
      .def("find", &garage::find)
      .def("sell", &garage::sell)
      .property("spare", &garage::spare);
  m.def("garage_lives", [] { return std::make_shared<garage>(); });

  m.class_<node>("Node")
      .property("number", &node::number)
      .property("next", &node::next)
      .def("add", [](node& self, std::shared_ptr<node> other) { self.others.push_back(other); })
      .def("forget_others", [](node& self) { self.others.clear(); });
  m.class_<point>("Point").property("x", &point::x);

  // ---- containers
  m.class_<std::map<std::string, int>>("Dict");
  m.class_<std::vector<std::string>>("List").def(
      "append", [](std::vector<std::string>& self, std::string what) { self.push_back(what); });
  m.class_<std::set<int>>("Set");
  m.class_<std::vector<bool>>("Bits");
  m.def(
      "list_of",
      [](int size) { return std::vector<std::string>(static_cast<std::size_t>(size), "x"); },
      arg("size"), by_proxy);
  m.def("counters", [] { return std::deque<counter>(3); });
  m.def("engines", [] {
    std::map<std::string, std::unique_ptr<engine>> made;
    made["small"] = std::make_unique<engine>(1);
    made["big"] = std::make_unique<engine>(9);
    return made;
  });

  // ---- generators
  m.class_<countdown>("Countdown").constructor<int, int>(arg("start"), arg("fails_at") = -1);
  m.def("endless", [] { return endless(); });

  // ---- the rest
  m.class_<bag>("Bag").property("fixed", &bag::fixed).attributes(&bag::extra);
  m.class_<odd>("Odd")
      .def(special::size, &odd::real_size)
      .def(special::equal, [](const odd&, int number) { return number == 5; })
      .def(special::equal, [](const odd&, const odd&) { return true; })
      .def(special::iterate, &odd::items)
      .def(special::str, [](const odd&) { return "an odd one"; })
      .def(special::repr, [](const odd&) { return "odd()"; })
      .def(special::hash, [](const odd&) { return 3; })
      .def(special::truth, [](const odd&) { return false; })
      .def(
          special::call, [](const odd&, int n) { return n + 100; }, arg("n"))
      .def(special::get_item, [](const odd&, const std::string& key) { return key + "!"; })
      .def(special::contains, [](const odd&, int n) { return n == 1; });
  m.class_<adder>("Adder").factory([](int by) { return adder{by}; });
  m.def("make_adder", [](int by) { return std::function<int(int)>(adder{by}); });
  m.def("make_lambda", [](int by) { return [by](int to) { return to * by; }; });
  m.attr("hundred") = std::make_shared<adder>(adder{100});
}

}  // namespace bound
