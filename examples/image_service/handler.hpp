// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "request.hpp"
#include "response.hpp"

#include <glovebox/asio.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

#include <chrono>
#include <string_view>

namespace image_service {

/// Who has sent a request, while it is handled.
class client {
 public:
  /// Told (`terminal`) when the client disconnects, or when the server can wait no longer. From
  /// then on the connection reads ahead: ask for it only where something takes time.
  virtual asio::cancellation_slot gone() = 0;

 protected:
  ~client() = default;
};

/// What a server serves. Called from several threads at once.
class handler {
 public:
  virtual ~handler() = default;

  virtual asio::awaitable<response> handle(request asked, client& from) = 0;
  /// After each response, also those that a connection gave by itself (`path` is empty then).
  virtual void answered(std::string_view path, int status, std::chrono::nanoseconds took) = 0;
};

}  // namespace image_service
