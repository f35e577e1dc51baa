// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/operation.hpp>

#include <asio/post.hpp>

#include <memory>

namespace glovebox::client {

/// What `post` of an operation does that comes back to the library: whoever calls it may hold a
/// context's lock. The operation is destroyed with its execution context.
inline void post_resume(const asio::any_io_executor& executor, detail::operation& op) {
  struct destroyer {
    void operator()(detail::operation* which) const noexcept { which->destroy(); }
  };
  asio::post(executor, [which = std::unique_ptr<detail::operation, destroyer>(&op)]() mutable {
    which.release()->resume();
  });
}

}  // namespace glovebox::client
