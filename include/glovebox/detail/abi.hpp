// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Makes a mismatch between headers and library a link error: every user of the headers refers to
/// a symbol whose name holds what the layout of shared objects depends on. "undefined reference to
/// glovebox_abi_1_asio_102201" means that the library was built against another glovebox or Asio.

#include <glovebox/config.hpp>

#include <asio/version.hpp>

#define GLOVEBOX_ABI_NAME(abi, asio_version) glovebox_abi_##abi##_asio_##asio_version
#define GLOVEBOX_ABI_EXPAND(abi, asio_version) GLOVEBOX_ABI_NAME(abi, asio_version)
#define GLOVEBOX_ABI GLOVEBOX_ABI_EXPAND(GLOVEBOX_ABI_NUMBER, ASIO_VERSION)

extern "C" GLOVEBOX_API const char GLOVEBOX_ABI;

namespace glovebox::detail {
[[gnu::used]] static const char* const abi_of_these_headers = &GLOVEBOX_ABI;
}  // namespace glovebox::detail
