// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/object_reference.hpp>

#include <glovebox/detail/operation.hpp>

namespace glovebox::detail {

object_reference::~object_reference() {
  if (home) home->release(handle);
}

}  // namespace glovebox::detail
