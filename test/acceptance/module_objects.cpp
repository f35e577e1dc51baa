// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"
#include "acceptance/things.hpp"

#include <glovebox/file_descriptor.hpp>
#include <glovebox/generator.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>
#include <system_error>

namespace acceptance {
namespace {

int state = 54;

double scaled(double value, double factor, int shift) {
  return value * factor + shift;
}

glovebox::generator<int> numbers(int count) {
  for (int i = 0; i != count; ++i) co_yield i;
}
glovebox::generator<std::string> throws_after(int count) {
  for (int i = 0; i != count; ++i) co_yield "item " + std::to_string(i);
  throw std::out_of_range("behind item " + std::to_string(count));
}

glovebox::file_descriptor open_file(const std::string& path) {
  glovebox::file_descriptor made(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!made) throw std::system_error(errno, std::generic_category(), path);
  return made;
}
std::string read_all(const glovebox::file_descriptor& from) {
  std::string all;
  char part[4096];
  for (ssize_t got; (got = ::read(from.get(), part, sizeof part)) != 0;) {
    if (got < 0) throw std::system_error(errno, std::generic_category(), "read");
    all.append(part, static_cast<std::size_t>(got));
  }
  return all;
}

void bind_functions(module_builder& m) {
  m.def(
      "answer", [] { return 42; }, doc("What everybody asks for."));
  m.def(
      "add", [](int a, int b) { return a + b; }, arg("a"), arg("b"), doc("The sum."));
  m.def("scaled", &scaled, arg("value"), arg("factor") = 2.0, arg("shift") = 0,
        doc("Multiplies and shifts."));
  m.def(
      "which", [](int) { return "integer"; }, doc("Of an integer."));
  m.def(
      "which", [](const std::string&) { return "text"; }, doc("Of a text."));
  m.def("next_state", [] { return ++state; });
  m.property(
      "state", [] { return state; }, "How far it has come.");
  m.def(
      "same", [](glovebox::value any) { return any; }, arg("any"));
  m.def("length", [](std::string_view text) { return text.size(); });
  m.def("sum", [](std::span<const std::int64_t> numbers) {
    std::int64_t sum = 0;
    for (const std::int64_t each : numbers) sum += each;
    return sum;
  });
  m.def("wide", [](std::int64_t n) { return n; });
  m.def("unsigned_wide", [](std::uint64_t n) { return n; });
  m.def("byte", [](std::uint8_t n) { return n; });
  m.def("real", [](double x) { return x; });
}

void bind_classes(module_builder& m) {
  m.class_<counter>("Counter")
      .doc("Counts.")
      .constructor<>()
      .constructor<int>(arg("start"), doc("Begins there."))
      .def("add", &counter::add, arg("by") = 1, doc("Counts on."))
      .def("me", &counter::me)
      .def("take", &counter::take, arg("other"))
      .def("value", &counter::value)
      .property("current", &counter::value, &counter::set_value, doc("Where it stands."))
      .property("read_only", &counter::value);
  m.def("value_of", [](const counter& of) { return of.value(); });
  m.def("total", [](const std::vector<std::shared_ptr<counter>>& all) {
    int sum = 0;
    for (const auto& each : all) sum += each->value();
    return sum;
  });
  m.class_<shape>("Shape").def("area", &shape::area);
  m.class_<circle, shape>("Circle").constructor<double>().property("radius", &circle::radius);
  m.def("make_shape",
        [](double radius) -> std::unique_ptr<shape> { return std::make_unique<circle>(radius); });
  m.class_<bag>("Bag").constructor<>().attributes(&bag::own);
  m.class_<version>("Version").constructor<int, int>();
  m.class_<adder>("Adder").factory([](int by) { return adder{by}; });
  m.def("make_adder", [](int by) { return std::function<int(int)>(adder{by}); });
  m.class_<point>("Point").property("x", &point::x).property("y", &point::y);
  m.class_<node>("Node")
      .property("number", &node::number)
      .def("add", [](node& self, std::shared_ptr<node> other) { self.others.push_back(other); })
      .def("forget", [](node& self) { self.others.clear(); });
  m.class_<sealed>("Sealed").constructor<>();
}

void bind_containers(module_builder& m) {
  m.class_<std::vector<int>>("List")
      .constructor<std::vector<int>>()
      .def("append", [](std::vector<int>& self, int what) { self.push_back(what); })
      .def("twice", [](const std::vector<int>& self) {
        std::vector<int> made(self);
        made.insert(made.end(), self.begin(), self.end());
        return made;
      });
  m.class_<std::map<std::string, int>>("Dict").constructor<>();
  m.class_<std::set<int>>("Set").constructor<std::set<int>>();
  m.class_<std::vector<std::shared_ptr<counter>>>("Counters")
      .def("append", [](std::vector<std::shared_ptr<counter>>& self,
                        std::shared_ptr<counter> what) { self.push_back(std::move(what)); });
  m.class_<std::vector<std::shared_ptr<point>>>("Points").def(
      "append", [](std::vector<std::shared_ptr<point>>& self, std::shared_ptr<point> what) {
        self.push_back(std::move(what));
      });
  m.def("numbers", &numbers, arg("count"));
  m.def("throws_after", &throws_after, arg("count"));
  m.class_<endless>("Endless").constructor<>();
}

void bind_files(module_builder& m) {
  m.class_<text_file>("File").constructor<std::string>(arg("path")).def("read", &text_file::read);
  m.def("open_file", &open_file);
  m.def("read_all", &read_all);
}

}  // namespace

void bind_objects(module_builder& m) {
  bind_functions(m);
  bind_classes(m);
  bind_containers(m);
  bind_files(m);
  m.def("living", [](const std::string& of) {
    if (of == "Counter") return counted<counter>::living;
    if (of == "Endless") return counted<endless>::living;
    throw std::invalid_argument("nobody counts " + of);
  });
  m.def("made", [](const std::string& of) {
    if (of == "Counter") return counted<counter>::made;
    throw std::invalid_argument("nobody counts " + of);
  });
}

}  // namespace acceptance
