// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// Symbol visibility. Everything else about the build is found out by the build system.

/// Marks what the shared library exports, exception types included: their type information must be
/// one object in the whole process, or a `catch` in another module does not match.
#define GLOVEBOX_API __attribute__((visibility("default")))

/// Marks what every module must own a copy of. The registry identifies a function by the address
/// of a node inside its module; were the node shared between modules by the dynamic linker, the
/// module that was loaded first would answer for all others.
#define GLOVEBOX_LOCAL __attribute__((visibility("hidden")))

/// The number of the binary interface between headers, library and modules: raised by every change
/// of a layout or a symbol that one of them shares with another.
#define GLOVEBOX_ABI_NUMBER 1
