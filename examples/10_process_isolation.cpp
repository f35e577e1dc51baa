// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The examples that process_isolation, glovebox's ancestor in Python, documents: hello through the
// child's stdout, the function that crashes, the walk through a dictionary, a copy by value, and
// the benchmark that survives the library under test. (The jail is example 06.)
#include <glovebox/glovebox.hpp>
#include <glovebox/import.hpp>
#include <glovebox/module.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// ---- the modules; here they are linked in, they could be shared objects as well

/// Keeps its keys in the order in which they came.
class ordered_dict {
 public:
  using item = std::pair<std::string, int>;
  void set(const std::string& key, int value) {
    for (item& each : items_)
      if (each.first == key) {
        each.second = value;
        return;
      }
    items_.emplace_back(key, value);
  }
  int at(const std::string& key) const {
    for (const item& each : items_)
      if (each.first == key) return each.second;
    throw std::out_of_range("no key '" + key + "'");
  }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::size_t size() const { return items_.size(); }

 private:
  std::vector<item> items_;
};

GLOVEBOX_MODULE(collections, m) {
  m.class_<ordered_dict>("OrderedDict")
      .constructor<>()
      .def(glovebox::special::set_item, &ordered_dict::set)
      .def(glovebox::special::get_item, &ordered_dict::at)
      .def("items", [](const ordered_dict& d) {
        return std::vector<ordered_dict::item>(d.begin(), d.end());
      });
}

GLOVEBOX_MODULE(sys, m) {
  m.def("write", [](const std::string& text) { std::fputs(text.c_str(), stdout); });
}

GLOVEBOX_MODULE(dragons, m) {
  m.def("here", [] { std::raise(SIGSEGV); });
  // A library under test: it does not like some of its inputs.
  m.def("detect", [](int image) {
    if (image % 4 == 2) std::raise(SIGSEGV);
    if (image % 4 == 3) throw std::runtime_error("cannot read this");
    return image * 10;
  });
}

// ---- the program

asio::awaitable<void> hello() {
  const glovebox::proxy sys = co_await glovebox::import_isolated("sys");
  co_await sys.call("write", "Hello from the child\n");
}

asio::awaitable<void> crash() {
  const glovebox::proxy dragons = co_await glovebox::import_isolated("dragons");
  try {
    co_await dragons.call("here");
  } catch (const glovebox::process_terminated& error) {
    std::cout << "the child is gone: " << ::strsignal(error.info().signal_number) << '\n';
  }
}

asio::awaitable<void> dictionary() {
  const glovebox::proxy collections = co_await glovebox::import_isolated("collections");
  const glovebox::proxy d = co_await collections.call<glovebox::proxy>("OrderedDict");
  co_await d.set_item("one", 1);
  co_await d.set_item("two", 2);
  co_await d.set_item("abc", 123);
  std::cout << "abc: " << co_await d.get_item<int>("abc") << ", size: " << co_await d.size()
            << '\n';
  try {
    co_await d.get_item("xyz");
  } catch (const std::out_of_range& error) {
    std::cout << "xyz: " << error.what() << '\n';
  }
  const auto items = co_await d.iterate<ordered_dict::item>();
  while (true) {
    const std::optional<ordered_dict::item> item = co_await items.next();
    if (!item) break;
    std::cout << item->first << " = " << item->second << '\n';
  }
  // A copy lives here, and does not change with the object in the child.
  const auto copy = co_await d.call<std::vector<ordered_dict::item>>("items");
  co_await d.set_item("abc", 5);
  std::cout << "the copy: " << copy.back().second
            << ", the object: " << co_await d.get_item<int>("abc") << '\n';
}

asio::awaitable<void> benchmark() {
  int good = 0, bad = 0, crashed = 0;
  for (int image = 0; image != 8; ++image) {
    try {
      // A new child when the last one is gone; what this function has counted stays.
      const glovebox::proxy dragons = co_await glovebox::import_isolated("dragons");
      co_await dragons.call<int>("detect", image);
      ++good;
    } catch (const glovebox::process_terminated&) {
      ++crashed;
    } catch (const std::runtime_error&) {
      ++bad;
    }
  }
  std::cout << good << " detected, " << bad << " refused, " << crashed << " crashed\n";
}

asio::awaitable<void> run() {
  co_await hello();
  co_await crash();
  co_await dictionary();
  co_await benchmark();
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  std::cout << std::unitbuf;  // the child writes to the same place
  asio::io_context io;
  asio::co_spawn(io, run(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
