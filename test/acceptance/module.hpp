// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/module.hpp>

/// \file
/// The parts of the module `acceptance`, each with what some rows of its table need.

namespace acceptance {

using glovebox::module_builder;
using glovebox::binding::arg;
using glovebox::binding::doc;

/// Functions, classes and containers: rows 1 to 13, 16, 17, 23.
void bind_objects(module_builder& m);
/// Exceptions: rows 14, 15.
void bind_errors(module_builder& m);
/// Functions that call back: row 18.
void bind_callbacks(module_builder& m);
/// Ways to die: rows 19, 20.
void bind_crashes(module_builder& m);

}  // namespace acceptance
