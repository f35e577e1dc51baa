// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/life.hpp"

#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <ostream>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

namespace glovebox {

inline std::ostream& boost_test_print_type(std::ostream& out, backend which) {
  return out << (which == backend::in_process ? "a thread" : "a process");
}

}  // namespace glovebox

/// What the tests of children that are threads share.
namespace in_process_test {

using namespace life;
using glovebox::backend;
using glovebox::context;
using glovebox::context_options;
using glovebox::test::message_of;

inline context_options as(backend which) {
  context_options options;
  options.backend = which;
  return options;
}
inline context_options as_thread() {
  return as(backend::in_process);
}

/// Children that are threads, and threads that these have made. They are known by their name.
inline std::size_t threads() {
  std::size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(each.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == "glovebox-child") ++count;
  }
  return count;
}

/// Runs a coroutine, and handlers until none is left. Throws what it throws.
template <class F>
void run(asio::io_context& io, F&& body) {
  auto done = asio::co_spawn(io, std::forward<F>(body), asio::use_future);
  run_until(io, [&] { return done.wait_for(0s) == std::future_status::ready; });
  done.get();
}

/// One child that is a thread, and the test that nothing of it is left.
struct world {
  std::size_t threads_before = threads();
  std::size_t descriptors_before = open_descriptors();
  asio::io_context io;
  context ctx{io, as_thread()};
  gate held;

  template <auto F, class... A>
  ending& call(ending& to, A&&... arguments) {
    ctx.call<F>(std::forward<A>(arguments)..., into(to));
    return to;
  }
  bool thread_ends() const {
    return eventually([this] { return threads() == threads_before; });
  }
};

}  // namespace in_process_test
