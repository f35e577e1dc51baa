// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstdint>

namespace glovebox {

/// How a child comes to be. Either way it is a child of the fork server, never of the application.
enum class start_method : std::uint8_t {
  /// The fork server forks itself: fast, whatever it has preloaded is there already. All children
  /// of one server share its address layout and stack canary.
  forkserver,
  /// A fresh image is executed: slower, nothing is shared, the address layout is new. The one for
  /// code that is not trusted, and after a preload that left threads behind.
  spawn,
};

}  // namespace glovebox
