// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/definition.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace glovebox::runtime {

/// A module (the program or a shared object) of this process.
struct loaded_module {
  core::module_identity identity;
  std::uintptr_t base = 0;  ///< what addresses in the file are relative to
  std::string path;         ///< absolute where that is known
};

/// The module that an address belongs to.
std::optional<loaded_module> module_at(const void* address);
/// The load address of the module with this identity.
std::optional<std::uintptr_t> module_base(const core::module_identity& identity);
/// The build id in an ELF file's notes, read without loading it.
/// \throws std::runtime_error that names the file when it is no ELF file or has no build id
std::string build_id_of_file(const std::string& path);

}  // namespace glovebox::runtime
