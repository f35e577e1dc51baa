// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstdint>

/// Capabilities(7) by system calls: for what is needed here a library would be more text.
namespace glovebox::policy {

/// The sets of the calling thread, a bit a capability.
struct capability_sets {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t ambient = 0;
  std::uint64_t bounding = 0;

  bool operator==(const capability_sets&) const = default;
};

/// Those of the calling thread. \returns false with errno set
bool read_capabilities(capability_sets& to) noexcept;

/// Takes all capabilities out of the bounding set and the ambient set, so that no program that is
/// executed can have one. Needs CAP_SETPCAP. \returns false with errno set
bool drop_bounding_capabilities() noexcept;

/// Empties the effective, permitted and inheritable sets. \returns false with errno set
bool drop_own_capabilities() noexcept;

}  // namespace glovebox::policy
