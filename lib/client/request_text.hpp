// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/request.hpp>
#include <glovebox/termination.hpp>

namespace glovebox::client {

/// What a call was given, for people: a long text is cut, and told by its size and checksum.
void describe_arguments(detail::request& what, termination& to);

}  // namespace glovebox::client
