// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

namespace glovebox::test {

/// Seeds of a random test: the first `count` numbers, or the one in GLOVEBOX_TEST_SEED, with which
/// a failure is repeated alone.
inline std::vector<std::uint32_t> seeds(std::uint32_t count) {
  if (const char* const chosen = std::getenv("GLOVEBOX_TEST_SEED"))
    return {static_cast<std::uint32_t>(std::strtoul(chosen, nullptr, 10))};
  std::vector<std::uint32_t> all(count);
  for (std::uint32_t i = 0; i != count; ++i) all[i] = i + 1;
  return all;
}

/// Random numbers that are the same with every standard library.
class dice {
 public:
  explicit dice(std::uint32_t seed) : engine_(seed) {}
  /// Below `end`, which is not 0.
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::vector<std::byte> some(std::size_t size) {
    std::vector<std::byte> made(size);
    for (std::byte& each : made) each = static_cast<std::byte>(engine_());
    return made;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace glovebox::test
