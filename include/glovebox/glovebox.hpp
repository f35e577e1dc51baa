// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Everything for applications: contexts, remote objects, errors.

#include <glovebox/call_options.hpp>
#include <glovebox/callback.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/context.hpp>
#include <glovebox/failures.hpp>
#include <glovebox/generator.hpp>
#include <glovebox/init.hpp>
#include <glovebox/item_range.hpp>
#include <glovebox/library.hpp>
#include <glovebox/pool.hpp>
#include <glovebox/remote.hpp>
#include <glovebox/remote_exception.hpp>
#include <glovebox/run_polling.hpp>
#include <glovebox/shared_array.hpp>
#include <glovebox/snapshot.hpp>
#include <glovebox/this_child.hpp>
