// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/checks.hpp"

#include "runtime/modules.hpp"

#include <glovebox/detail/module_note.hpp>

#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

namespace glovebox::cli {
namespace {

constexpr std::string_view advice =
    "\nBuild the revision that failed again, and name its program with --image PATH where it is "
    "not in\nits old place. To see whether another build is mended: --other-build. For bundles of "
    "the present\nbuild, run the farm again.";

[[noreturn]] void refuse(const repro_options& options, const std::string& why) {
  throw problem("cannot run " + options.bundle + ":\n" + why);
}

std::string build_id_of(const repro_options& options, const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0)
    refuse(options, file + ": " + std::strerror(errno) + '.' + std::string(advice));
  try {
    return runtime::build_id_of_file(file);
  } catch (const std::runtime_error& why) {
    refuse(options, why.what() + std::string(".") + std::string(advice));
  }
}

void check_build(const repro_options& options, const std::string& file, const std::string& wanted) {
  const std::string there = build_id_of(options, file);
  if (there == wanted) return;
  refuse(options, file + " is another build than the one that failed.\n  it was  build id " +
                      core::to_hex(wanted) + "\n  it is   build id " + core::to_hex(there) +
                      std::string(advice));
}

}  // namespace

std::string find_program(const core::bundle& from, const repro_options& options) {
  if (from.made_by != GLOVEBOX_MODULE_ABI)
    refuse(options, "another version of the library has made it.\n  it was  " + from.made_by +
                        "\n  it is   " GLOVEBOX_MODULE_ABI
                        "\nUse the glovebox command of that version.");
  std::string program = options.image.empty() ? from.program : options.image;
  if (program.find('/') == program.npos) program.insert(0, "./");
  if (::access(program.c_str(), F_OK) != 0)
    refuse(options, "its program is missing: " + program + ": " + std::strerror(errno) + '.' +
                        std::string(advice));
  if (::access(program.c_str(), X_OK) != 0)
    refuse(options, program + " cannot be executed: " + std::strerror(errno) + '.');
  if (options.other_build) return std::filesystem::absolute(program).string();
  if (from.program_build_id.empty())
    std::fprintf(stderr,
                 "glovebox: %s has no build id: nobody can tell whether it is still the "
                 "same\n",
                 program.c_str());
  else
    check_build(options, program, from.program_build_id);
  const bool own = from.function.module.bytes == from.program_build_id;
  if (!own && from.function.module.kind == core::module_identity::source::build_id)
    check_build(options, from.function.path, from.function.module.bytes);
  return std::filesystem::absolute(program).string();
}

std::string find_directory(const core::bundle& from, const repro_options& options) {
  const std::string& wanted = options.directory.empty() ? from.child.directory : options.directory;
  std::error_code failed;
  if (std::filesystem::is_directory(wanted, failed))
    return std::filesystem::absolute(wanted).string();
  if (!options.directory.empty()) refuse(options, "there is no directory " + wanted + '.');
  std::fprintf(stderr,
               "glovebox: the directory that it ran in is not there: %s\n"
               "glovebox: it runs in the current one; --directory DIR chooses another\n",
               wanted.c_str());
  return std::filesystem::current_path().string();
}

void apply_surroundings(const core::bundle& from) {
  std::vector<std::string> gone;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view variable(*each);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (core::matters(name)) gone.emplace_back(name);
  }
  for (const std::string& name : gone) ::unsetenv(name.c_str());
  for (const std::string& variable : from.surroundings) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
  }
}

}  // namespace glovebox::cli
