// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Makes so many calls, one after another, for instructions.py to count what they take:
// `bench_instructions typed|dynamic CALLS [COMMAND...]`. The command runs the child.
#include <glovebox/glovebox.hpp>
#include <glovebox/import.hpp>
#include <glovebox/module.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

int add(int a, int b) {
  return a + b;
}

asio::awaitable<void> make_calls(glovebox::context child, bool dynamic, int calls) {
  if (dynamic) {
    const glovebox::proxy module = co_await glovebox::load_module(child, "bench_instructions");
    for (int i = 0; i != calls; ++i) co_await module.call<int>("add", i, 1);
  } else {
    for (int i = 0; i != calls; ++i) co_await child.call<&add>(i, 1);
  }
  co_await child.stop();
}

constexpr const char* command_variable = "BENCH_INSTRUCTIONS_COMMAND";

/// In a child, which has the program's environment: becomes the command, with this child for its
/// last arguments.
void run_under_command(char** argv) {
  const char* const chosen = std::getenv(command_variable);
  if (!chosen || !std::string_view(argv[1]).starts_with("--glovebox-child=")) return;
  std::string words = chosen;
  ::unsetenv(command_variable);
  std::vector<char*> command;
  for (std::size_t at = 0; at < words.size(); at += std::string_view(&words[at]).size() + 1) {
    const std::size_t end = words.find('\n', at);
    if (end != std::string::npos) words[end] = '\0';
    command.push_back(&words[at]);
  }
  std::vector<char> path(4096);
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length < 0) std::abort();
  command.push_back(path.data());
  for (char** word = argv + 1; *word; ++word) command.push_back(*word);
  command.push_back(nullptr);
  ::execvp(command[0], command.data());
  std::abort();
}

}  // namespace

GLOVEBOX_MODULE(bench_instructions, m) {
  m.def("add", &add);
}

int main(int argc, char** argv) {
  if (argc > 1) run_under_command(argv);
  glovebox::init(argc, argv);
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s typed|dynamic CALLS [COMMAND...]\n", argv[0]);
    return 2;
  }
  glovebox::context_options options;
  if (argc > 3) {
    std::string command;
    for (int i = 3; i != argc; ++i) command += std::string(command.empty() ? "" : "\n") + argv[i];
    ::setenv(command_variable, command.c_str(), 1);
    options.method = glovebox::start_method::spawn;
  }
  options.start_timeout = options.stop_grace = std::chrono::minutes(1);
  asio::io_context io(1);
  asio::co_spawn(io,
                 make_calls(glovebox::context(io, options), std::string_view(argv[1]) == "dynamic",
                            std::atoi(argv[2])),
                 [](std::exception_ptr failed) {
                   if (failed) std::rethrow_exception(failed);
                 });
  io.run();
}
