// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace image_farm {

/// What the command line says.
struct settings {
  std::filesystem::path program;  ///< this one, for commands that others can run
  std::filesystem::path images = "out/images/usr/libexec/installed-tests/SDL2_image";
  std::filesystem::path out = "out/demo";
  std::size_t children = 2;
  std::uint64_t seed = 0;  ///< of the order; 0: the dataset's own
  std::chrono::milliseconds timeout{1000};
  std::string only;  ///< the one case to run; empty: all
  bool verify = false;
  bool help = false;
};

/// Throws `std::invalid_argument` with a message for people.
settings parse(int argc, char** argv);

/// The text of `--help`.
const char* usage();

/// The shell command that runs one case by itself, in the form that `farm_options::reproduce` takes.
std::string reproducing_command(const settings& chosen);

}  // namespace image_farm
