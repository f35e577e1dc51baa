// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/callback_port.hpp>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace glovebox::detail {

/// The parent's callables that a child has let go, until it tells so. Also says whose they were.
/// Thread-safe; lives as long as one of them, whatever becomes of the child.
class released_callables {
 public:
  using list = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  // calls and indices
  void add(std::uint64_t call, std::uint32_t index) noexcept;
  list take();

 private:
  std::mutex lock_;
  list all_;
};

}  // namespace glovebox::detail

namespace glovebox::runtime {

/// The port of this thread's dispatcher. \throws std::runtime_error where there is none
detail::callback_port& callbacks_here();
/// The same; null where there is none.
detail::callback_port* callbacks_if_here() noexcept;
/// \param port whose thread this is; null: none any more
void set_callback_port(detail::callback_port* port) noexcept;

}  // namespace glovebox::runtime
