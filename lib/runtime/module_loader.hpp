// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/module_note.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::runtime {

class elf_file;

/// Why a module cannot be had. Each way of failing has a class of its own, whose name the parent
/// sees, and a text that names the file.
class module_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// No file of that name; the text lists the places searched.
class module_not_found : public module_error {
 public:
  using module_error::module_error;
};
/// The file is no shared object of this machine, or cannot be read.
class not_a_shared_object : public module_error {
 public:
  using module_error::module_error;
};
/// A shared object without the note that GLOVEBOX_MODULE leaves in it.
class not_a_module : public module_error {
 public:
  using module_error::module_error;
};
/// Built against another ABI; the text names both.
class module_abi_mismatch : public module_error {
 public:
  using module_error::module_error;
};
/// The dynamic linker refused; its text.
class module_not_loadable : public module_error {
 public:
  using module_error::module_error;
};
/// A static initialiser of the module, or of a library it needs, threw. The exception is nested.
class module_initialiser_threw : public module_error {
 public:
  using module_error::module_error;
};

/// The file of a module: `NAME.so` or `libNAME.so` in the first directory that has one.
/// \param name a plain file name, without slashes
/// \throws module_not_found
std::string find_module(std::string_view name, const std::vector<std::string>& search_path);

/// Where modules are looked for: this child's own directories, those of GLOVEBOX_MODULE_PATH,
/// separated by colons, then the one where modules are installed beside the library.
std::vector<std::string> module_search_path();
/// Gives this child directories of its own, for one that has no environment of its own.
void set_module_path(std::vector<std::string> directories);

/// The ABI that a module was built against, read without running anything of it.
/// \throws module_not_found, not_a_shared_object, not_a_module; module_abi_mismatch when its parts
///         were built against different ones
std::string module_note(const std::string& path);

/// Lets a shared object pass that is no module, or one built against `abi`.
/// \throws module_abi_mismatch, elf_error
void check_module_note(const elf_file& file, std::string_view abi = GLOVEBOX_MODULE_ABI);

/// Loads a module that was built against `abi`: only then does its code run.
/// \returns what dlopen does; modules are never unloaded
/// \throws module_error, one of those above
void* load_module_file(const std::string& path, std::string_view abi = GLOVEBOX_MODULE_ABI);

/// Loads the module of that name from the search path.
/// \throws module_error, one of those above
void load_named_module(const std::string& name);

/// Loads any shared object, by its path or, without a slash, as the dynamic linker finds it. What
/// an initialiser throws arrives here, but it leaves glibc's lock for loading held by this thread:
/// others wait for ever when they load something.
/// \param called what messages call it; empty: the path
/// \throws module_not_loadable, module_initialiser_threw
void* load_shared_object(const std::string& path, const std::string& called = {});

/// Remembers which root directory this process has. Texts say so when files are not found because
/// the process has another one since.
void remember_root() noexcept;
/// To be appended to a text about a file that was not found; empty when the root is still the same.
std::string hint_about_root();

}  // namespace glovebox::runtime
