// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/callback_port.hpp>

#include <cstdint>

namespace glovebox::runtime {

/// The port of this process's dispatcher. \throws std::runtime_error on any thread but its own
detail::callback_port& callbacks_here();
/// The same; null on any other thread.
detail::callback_port* callbacks_if_here() noexcept;
/// \param port whose thread this is; null: none any more
void set_callback_port(detail::callback_port* port) noexcept;
/// Tells the dispatcher, if it still is there. On any thread.
void let_callable_go(std::uint64_t call, std::uint32_t index) noexcept;

}  // namespace glovebox::runtime
