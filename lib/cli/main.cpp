// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The command `glovebox`: what to do with the failures that a farm has found.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

namespace {

using namespace glovebox::cli;

void add_repro(CLI::App& app, repro_options& chosen) {
  app.add_option("bundle", chosen.bundle, "The file that a farm has saved, NAME.bundle")
      ->required();
  app.add_option("--image", chosen.image, "The program to run, where it has been moved");
  app.add_flag("--other-build", chosen.other_build,
               "Though it is another build: to see whether it is mended");
  app.add_option("--directory", chosen.directory, "Where to run it, instead of where it was run");
  app.add_flag("--output", chosen.output, "Show what the child writes");
  app.add_flag("--no-limits", chosen.no_limits, "Without limits of memory and processor time");
  app.add_flag("--in-process", chosen.in_process,
               "Without a child and a deadline, for profilers and sanitizers");
  app.add_flag("--gdb", chosen.gdb, "In process, under gdb, which stops at the fault");
  app.add_flag("--break-at-call", chosen.break_at_call, "With --gdb: stop before the call, too");
  app.add_option("--with", chosen.with, "In process, under this command: --with 'valgrind -q'");
  app.footer(
      "Exit status: 0 when it fails in the same way, 1 when in another way or not at all,\n"
      "2 when it could not be run. A bundle names the program and the modules that are run, with\n"
      "your rights: look at one that you were given with `glovebox show` first.");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What to do with the failures that a glovebox farm has found", "glovebox");
  app.require_subcommand(1);
  app.set_version_flag("--version", "glovebox " GLOVEBOX_VERSION);
  repro_options chosen;
  CLI::App& repro = *app.add_subcommand("repro", "Run the case of a bundle again");
  add_repro(repro, chosen);
  std::string shown;
  CLI::App& show_command = *app.add_subcommand("show", "Print what is in a bundle; runs nothing");
  show_command.add_option("bundle", shown, "The file that a farm has saved, NAME.bundle")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? reproduced : impossible;
  }
  try {
    if (show_command.parsed()) {
      show(shown);
      return reproduced;
    }
    if (chosen.in_process || chosen.gdb || !chosen.with.empty()) repro_in_process(chosen);
    return repro_isolated(chosen);
  } catch (const std::exception& why) {
    std::fprintf(stderr, "glovebox: %s\n", why.what());
    return impossible;
  }
}
