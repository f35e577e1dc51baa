// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace glovebox::detail {

class target;

/// One reference to an object in a child, given back at its end.
struct GLOVEBOX_API object_reference {
  object_reference(std::shared_ptr<target> at, std::uint64_t number)
      : home(std::move(at)), handle(number) {}
  object_reference(const object_reference&) = delete;
  object_reference& operator=(const object_reference&) = delete;
  ~object_reference();

  std::shared_ptr<target> home;  // null in tests of what only passes references on
  std::uint64_t handle;
};

}  // namespace glovebox::detail
