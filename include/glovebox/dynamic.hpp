// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Which values travel in dynamic calls, and how: those of codec.hpp, pointers to objects, and
/// `value`, which holds any of them. See dynamic/core.hpp for own types.

#include <glovebox/codec.hpp>
#include <glovebox/dynamic/callbacks.hpp>
#include <glovebox/dynamic/containers.hpp>
#include <glovebox/dynamic/core.hpp>
#include <glovebox/dynamic/described.hpp>
#include <glovebox/dynamic/descriptors.hpp>
#include <glovebox/dynamic/numbers.hpp>
#include <glovebox/dynamic/objects.hpp>
#include <glovebox/dynamic/strings.hpp>
#include <glovebox/dynamic/vocabulary.hpp>
#include <glovebox/value.hpp>
