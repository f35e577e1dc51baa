// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/error.hpp>

#include <ios>
#include <string_view>
#include <system_error>

namespace glovebox::core {

/// The category of this name, of those that are the same in every process; else null.
inline const std::error_category* known_category(std::string_view name) {
  for (const std::error_category* const each : {&std::generic_category(), &std::system_category(),
                                                &std::iostream_category(), &error_category()})
    if (name == each->name()) return each;
  return nullptr;
}

}  // namespace glovebox::core
