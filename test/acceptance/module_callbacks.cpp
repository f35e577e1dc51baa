// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"
#include "acceptance/things.hpp"

#include <exception>
#include <utility>

namespace acceptance {
namespace {

std::function<int(int)> stored;
std::string written;

}  // namespace

void bind_callbacks(module_builder& m) {
  m.def(
      "apply", [](const std::function<int(int)>& f, int n) { return f(n); }, arg("f"), arg("n"));
  m.def("repeat", [](const std::function<void(int)>& f, int count) {
    for (int i = 0; i != count; ++i) f(i);
  });
  m.def("caught", [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const std::out_of_range& error) {
      return std::string("out_of_range: ") + error.what();
    }
    return "nothing";
  });
  // What is written around a callback shows in which order things ran.
  m.def("write", [](const std::string& text) { written += text; });
  m.def("written", [] { return std::exchange(written, {}); });
  m.def("around", [](const std::function<void()>& f) {
    written += '<';
    f();
    written += '>';
  });
  m.def("store", [](std::function<int(int)> f) { stored = std::move(f); });
  m.def("call_stored", [](int n) { return stored(n); });
  m.def("forget", [] { stored = nullptr; });
}

}  // namespace acceptance
