// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

namespace image_service {
namespace {

struct option {
  std::string_view name;
  std::string_view help;
  std::function<void(std::string_view)> take;
};

template <class T>
auto number(T& to) {
  return [&to](std::string_view text) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    if (error != std::errc() || end != text.data() + text.size())
      throw std::invalid_argument("no number, or too large: " + std::string(text));
  };
}

auto milliseconds(std::chrono::milliseconds& to) {
  return [&to](std::string_view text) {
    std::uint32_t count = 0;
    number(count)(text);
    to = std::chrono::milliseconds(count);
  };
}

std::vector<option> options_of(settings& chosen) {
  return {
      {"--address", "to listen on (127.0.0.1)",
       [&chosen](std::string_view text) { chosen.address = text; }},
      {"--port", "to listen on; 0: any (8080)", number(chosen.port)},
      {"--threads", "of the server (one a processor, at least 2)", number(chosen.threads)},
      {"--children", "that decode (one a processor, at least 2)", number(chosen.children)},
      {"--queue", "images that may wait for a child (256)", number(chosen.queue)},
      {"--memory-mib", "a child may take; 0: no limit (256)", number(chosen.memory_mib)},
      {"--poison-after", "children that one image may kill; 0: any number (2)",
       number(chosen.poison_after)},
      {"--timeout-ms", "for decoding one image (2000)", milliseconds(chosen.timeout)},
      {"--max-body", "bytes of an upload (16777216)", number(chosen.max_body)},
      {"--max-connections", "at a time (1024)", number(chosen.max_connections)},
      {"--idle-timeout-ms", "between two requests (30000)", milliseconds(chosen.idle)},
      {"--header-timeout-ms", "for a request's header (10000)", milliseconds(chosen.header)},
      {"--body-timeout-ms", "for its body (60000)", milliseconds(chosen.body)},
      {"--write-timeout-ms", "for taking a response (60000)", milliseconds(chosen.write)},
      {"--grace-ms", "to finish requests when stopped (5000)", milliseconds(chosen.grace)},
  };
}

[[noreturn]] void show_help(const std::vector<option>& options) {
  constexpr std::size_t width = 22;
  std::cout << "usage: image_service [OPTION VALUE]...\n\n"
               "Makes thumbnails of images over HTTP. Decoding runs in isolated processes.\n\n";
  for (const option& each : options)
    std::cout << "  " << each.name << std::string(width - each.name.size(), ' ') << each.help
              << '\n';
  std::exit(0);
}

}  // namespace

settings parse_settings(int argc, char** argv) {
  settings chosen;
  chosen.threads = chosen.children = std::max(2u, std::thread::hardware_concurrency());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  chosen.memory_mib = 0;  // their shadow memory counts as the child's
#endif
  const std::vector<option> options = options_of(chosen);
  try {
    for (int i = 1; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (name == "--help") show_help(options);
      const auto found = std::find_if(options.begin(), options.end(),
                                      [&](const option& each) { return each.name == name; });
      if (found == options.end())
        throw std::invalid_argument("unknown option " + std::string(name) + "; see --help");
      if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a value");
      found->take(argv[i + 1]);
    }
    if (chosen.threads == 0 || chosen.children == 0)
      throw std::invalid_argument("at least one thread and one child are needed");
  } catch (const std::invalid_argument& wrong) {
    std::cerr << "image_service: " << wrong.what() << '\n';
    std::exit(2);
  }
  return chosen;
}

}  // namespace image_service
