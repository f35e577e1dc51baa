// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Which values travel, and how: numbers, strings, standard containers, optional, variant, tuple,
/// chrono, paths, and classes described with Boost.Describe. See codec/core.hpp for own types.
///
/// A file that includes one header of codec/ only may not see that a type of another one travels:
/// include this one.

#include <glovebox/codec/borrow.hpp>
#include <glovebox/codec/containers.hpp>
#include <glovebox/codec/core.hpp>
#include <glovebox/codec/described.hpp>
#include <glovebox/codec/descriptors.hpp>
#include <glovebox/codec/numbers.hpp>
#include <glovebox/codec/strings.hpp>
#include <glovebox/codec/vocabulary.hpp>
