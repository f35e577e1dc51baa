// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace glovebox::runtime {

/// Whether this process has loaded a library that a module means by this name.
bool library_loaded(const std::string& name);

/// The file of a library of the system's: where the dynamic linker of this process would find it
/// for a module that has no directories of its own to be searched. Only files for this machine that
/// everybody may read are found. Empty: there is none.
std::string find_library(const std::string& name);

/// The paths that a cache in the format of ld.so.cache has for a name; none when it is damaged.
std::vector<std::string> paths_in_cache(std::string_view cache, std::string_view name);

}  // namespace glovebox::runtime
