// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>

#include <asio/error.hpp>

#include <exception>

namespace glovebox::client {

/// What an operation that was cancelled ends with.
inline std::exception_ptr aborted() {
  return std::make_exception_ptr(asio_system_error(asio::error::operation_aborted));
}

}  // namespace glovebox::client
