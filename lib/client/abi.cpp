// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/abi.hpp>

const char GLOVEBOX_ABI = 0;
