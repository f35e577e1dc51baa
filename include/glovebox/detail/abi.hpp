// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Makes a mismatch between headers and library a link error: every user of the headers refers to
/// a symbol whose name holds what the layout of shared objects depends on. "undefined reference to
/// glovebox_abi_1_asio_102201_see_glovebox_pc" means that the library was built against another
/// glovebox, another version of Asio, or the other one of standalone Asio and Boost.Asio
/// (`..._boost_asio_...`): what it was built against, and the compiler flags that go with it, are
/// told by `glovebox.pc` and by Meson's dependency.

#include <glovebox/config.hpp>

#if defined(GLOVEBOX_BOOST_ASIO)
#include <boost/asio/version.hpp>
#define GLOVEBOX_ABI_ASIO boost_asio
#define GLOVEBOX_ABI_ASIO_VERSION BOOST_ASIO_VERSION
#else
#include <asio/version.hpp>
#define GLOVEBOX_ABI_ASIO asio
#define GLOVEBOX_ABI_ASIO_VERSION ASIO_VERSION
#endif

#define GLOVEBOX_ABI_NAME(abi, asio, version) \
  glovebox_abi_##abi##_##asio##_##version##_see_glovebox_pc
#define GLOVEBOX_ABI_EXPAND(abi, asio, version) GLOVEBOX_ABI_NAME(abi, asio, version)
#define GLOVEBOX_ABI \
  GLOVEBOX_ABI_EXPAND(GLOVEBOX_ABI_NUMBER, GLOVEBOX_ABI_ASIO, GLOVEBOX_ABI_ASIO_VERSION)

extern "C" GLOVEBOX_API const char GLOVEBOX_ABI;

namespace glovebox::detail {
[[gnu::used]] static const char* const abi_of_these_headers = &GLOVEBOX_ABI;
}  // namespace glovebox::detail
