// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/life.hpp"

#include <asio/io_context.hpp>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>

/// \file
/// One child's life in the soak, and the books that are kept of all.

namespace soak {

/// What all cycles have counted. Thread safety: all of it.
class ledger {
 public:
  explicit ledger(std::uint64_t random_seed) : seed(random_seed) {}

  const std::uint64_t seed;
  std::atomic<std::uint64_t> next_cycle = 1;
  std::atomic<std::uint64_t> crashes = 0;  ///< ended as planned
  std::atomic<std::uint64_t> calls = 0;
  std::atomic<std::uint64_t> lost = 0;      ///< never completed
  std::atomic<std::uint64_t> doubled = 0;   ///< completed again
  std::atomic<std::uint64_t> wrong = 0;     ///< completed with what cannot be
  std::atomic<std::uint64_t> handlers = 0;  ///< not yet destroyed
  std::atomic<std::uint64_t> daemons_left = 0;

  void crashed(const std::string& kind);
  /// Tells of a fault of the library's.
  void complain(std::uint64_t cycle, const std::string& what);
  /// Whether more of the same would teach nothing.
  bool hopeless() const { return lost + doubled + wrong > 20; }
  std::map<std::string, std::uint64_t> kinds() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> kinds_;
};

/// All that happens in it follows from the seed and its number, apart from the order in which
/// threads run.
void run_cycle(asio::io_context& io, ledger& of, std::uint64_t number);

}  // namespace soak
