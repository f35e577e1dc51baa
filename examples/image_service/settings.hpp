// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace image_service {

/// What the command line says.
struct settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any that is free
  std::size_t threads = 2;
  std::size_t children = 2;
  std::size_t queue = 256;  ///< images that wait for a child
  std::uint64_t memory_mib = 256;
  std::uint32_t poison_after = 2;  ///< children that one image may kill; 0: any number
  std::chrono::milliseconds timeout{2'000};
  std::size_t max_body = 16 << 20;
  std::size_t max_connections = 1024;
  std::chrono::milliseconds idle{30'000}, header{10'000}, body{60'000}, write{60'000};
  std::chrono::milliseconds grace{5'000};
};

/// Ends the process for `--help`, and with status 2 for what it doesn't understand.
settings parse_settings(int argc, char** argv);

}  // namespace image_service
