// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace image_farm {
namespace {

template <class Number>
Number number(std::string_view option, std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    throw std::invalid_argument(std::string(option) + " takes a number from " +
                                std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::string quoted(const std::string& text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return made + "'";
}

}  // namespace

settings parse(int argc, char** argv) {
  settings chosen;
  chosen.program = std::filesystem::read_symlink("/proc/self/exe");
  chosen.children = std::max(std::thread::hardware_concurrency(), 2u);
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const auto value = [&]() -> std::string_view {
      if (++i == argc) throw std::invalid_argument(std::string(option) + " needs a value");
      return argv[i];
    };
    if (option == "--images")
      chosen.images = value();
    else if (option == "--out")
      chosen.out = value();
    else if (option == "--children")
      chosen.children = number<std::size_t>(option, value(), 1, 1000);
    else if (option == "--seed")
      chosen.seed = number<std::uint64_t>(option, value(), 0, ~std::uint64_t{0});
    else if (option == "--timeout-ms")
      chosen.timeout = std::chrono::milliseconds(number<int>(option, value(), 1, 3'600'000));
    else if (option == "--case")
      chosen.only = value();
    else if (option == "--verify")
      chosen.verify = true;
    else if (option == "--help" || option == "-h")
      chosen.help = true;
    else
      throw std::invalid_argument("unknown option " + std::string(option));
  }
  return chosen;
}

const char* usage() {
  return "usage: image_farm [OPTION...]\n"
         "\n"
         "Decodes real images and broken copies of them with stb_image, each in an isolated child.\n"
         "\n"
         "  --images DIR     the images\n"
         "  --out DIR        where results go: report.json, cases.jsonl, failures/ (out/demo)\n"
         "  --children N     children that work at the same time (the number of CPUs)\n"
         "  --seed N         run the cases in an order made from this number (0: as they are)\n"
         "  --timeout-ms N   running time of one case (1000)\n"
         "  --verify         a second run, in another order and with more children, must agree\n"
         "  --case NAME      run only this case, and tell all about it\n";
}

std::string reproducing_command(const settings& chosen) {
  return quoted(chosen.program.string()) + " --images " +
         quoted(std::filesystem::absolute(chosen.images).string()) + " --timeout-ms " +
         std::to_string(chosen.timeout.count()) + " --case {name}";
}

}  // namespace image_farm
