// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/module.hpp>

#include <string_view>

namespace glovebox::binding {

/// What defines the module, if it is linked in or was loaded; else null.
module_registrar::definition find_module_definition(std::string_view name);

}  // namespace glovebox::binding
