// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::client {

/// A processor's worth of a child that polls (`context_options::busy_poll`).
class poller {
 public:
  /// \throws std::runtime_error when all processors but one are taken by such children
  poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  ~poller();
};

}  // namespace glovebox::client
