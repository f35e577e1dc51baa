// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/stub_node.hpp>

namespace glovebox::client {

/// What a call that jails a child calls.
const detail::stub_node& jail_node() noexcept;

}  // namespace glovebox::client
