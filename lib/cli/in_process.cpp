// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/checks.hpp"
#include "cli/commands.hpp"
#include "runtime/rerun.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace glovebox::cli {
namespace {

constexpr const char* module_path_variable = "GLOVEBOX_MODULE_PATH";

void apply_child_environment(const context_options& child) {
  for (const std::string& variable : child.environment) {
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    if (equals == variable.npos)
      ::unsetenv(name.c_str());
    else
      ::setenv(name.c_str(), variable.c_str() + equals + 1, 1);
  }
  if (child.module_path.empty()) return;
  std::string path;
  for (const std::string& each : child.module_path) path += each + ':';
  if (const char* const more = std::getenv(module_path_variable)) path += more;
  ::setenv(module_path_variable, path.c_str(), 1);
}

std::vector<std::string> words_of(const repro_options& options, const core::bundle& from,
                                  const std::string& program) {
  std::vector<std::string> words;
  std::istringstream command(options.with);
  for (std::string word; command >> word;) words.push_back(word);
  if (options.gdb) {
    words.insert(words.end(), {"gdb", "-q"});
    // gdb knows the library's functions only when the program has begun to run.
    if (options.break_at_call)
      words.insert(words.end(),
                   {"-ex", "set breakpoint pending on", "-ex", "break glovebox_before_call"});
    // No signal tells where the memory came to its end.
    if (from.seen.outcome == outcome::out_of_memory && !from.seen.cause)
      words.insert(words.end(), {"-ex", "catch throw"});
    words.insert(words.end(), {"-ex", "run", "--args"});
  }
  words.push_back(program);
  const std::string bundle = std::filesystem::absolute(options.bundle).string();
  words.push_back(runtime::rerun_argument({bundle, !options.no_limits, options.other_build}));
  return words;
}

}  // namespace

void repro_in_process(const repro_options& options) {
  const core::bundle from = open_bundle(options.bundle);
  const std::string program = find_program(from, options);
  std::vector<std::string> words = words_of(options, from, program);
  const std::string directory = find_directory(from, options);
  if (::chdir(directory.c_str()) != 0)
    throw problem("cannot enter " + directory + ": " + std::strerror(errno) +
                  ".\n--directory DIR chooses another.");
  if (from.seen.outcome == outcome::timed_out)
    std::fputs("glovebox: there is no deadline in here; Ctrl-C ends it\n", stderr);
  apply_surroundings(from);
  apply_child_environment(from.child);

  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  throw problem("cannot execute " + words.front() + ": " + std::strerror(error) +
                (error == ENOENT ? ".\nIs it installed?" : "."));
}

}  // namespace glovebox::cli
