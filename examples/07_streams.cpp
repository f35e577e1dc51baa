// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Sequences from a child: a generator, a container, one that throws half-way, and an endless one
// that is abandoned.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

// ---- runs in the child

glovebox::generator<std::uint64_t> fibonacci() {
  std::uint64_t a = 0, b = 1;
  for (;;) {
    co_yield a;
    a = std::exchange(b, a + b);
  }
}

glovebox::generator<std::string> lines() {
  co_yield "first line";
  co_yield "second line";
  throw std::runtime_error("the third line is damaged");
}

// ---- runs in the parent

asio::awaitable<void> run(glovebox::context child) {
  // A generator. Its items come in chunks; it runs only as far as somebody asks for them.
  glovebox::item_range<std::uint64_t> numbers = co_await child.call<&fibonacci>();
  for (int i = 0; i != 10; ++i) {
    const std::optional<std::uint64_t> number = co_await numbers.next();
    std::cout << (i == 0 ? "" : " ") << *number;
  }
  std::cout << '\n';
  numbers = {};  // endless, and no longer wanted: the child frees it

  // A container that stays in the child. Each item is a copy.
  const std::map<std::string, int> content{{"one", 1}, {"three", 3}, {"two", 2}};
  const auto table = co_await child.make<std::map<std::string, int>>(content);
  const auto entries = co_await table.iterate();
  while (const auto entry = co_await entries.next())
    std::cout << entry->first << " is " << entry->second << '\n';

  // What was made before an error comes first, then the error, then the end.
  const glovebox::item_range<std::string> text = co_await child.call<&lines>();
  for (bool more = true; more;) {
    try {
      const std::optional<std::string> line = co_await text.next();
      more = line.has_value();
      std::cout << (more ? *line : "the end") << '\n';
    } catch (const std::runtime_error& error) {
      std::cout << "runtime_error: " << error.what() << '\n';
    }
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, run(glovebox::context(io)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
