// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace glovebox::core {

/// Tells calls apart by their bytes: the polynomial of these at a secret point, modulo 2^61 - 1.
/// Two different inputs of n bytes have the same with a probability of n / 2^63 at most, also when
/// somebody who does not know the point has chosen them. (Carter and Wegman, "Universal classes of
/// hash functions", 1979.)
class fingerprint {
 public:
  /// \param point random, and the same for all that are compared
  explicit fingerprint(std::uint64_t point) noexcept : point_(point % (prime - 2) + 2) {}

  void add(std::span<const std::byte> bytes) noexcept {
    add(bytes.size());
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t size = bytes.size() < step ? bytes.size() : step;
      std::memcpy(&word, bytes.data(), size);
      add(word);
      bytes = bytes.subspan(size);
    }
  }
  void add(std::uint64_t word) noexcept { value_ = reduce(multiply(value_) + word % prime); }
  std::uint64_t value() const noexcept { return value_; }

 private:
  static constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
  static constexpr std::size_t step = 7;  // bytes that fit below the prime
  __extension__ using wide = unsigned __int128;

  static std::uint64_t reduce(std::uint64_t value) noexcept {
    value = (value & prime) + (value >> 61);
    return value >= prime ? value - prime : value;
  }
  std::uint64_t multiply(std::uint64_t value) const noexcept {
    const wide product = static_cast<wide>(value) * point_;
    return reduce(static_cast<std::uint64_t>(product & prime) +
                  static_cast<std::uint64_t>(product >> 61));
  }

  std::uint64_t point_;
  std::uint64_t value_ = 0;
};

}  // namespace glovebox::core
