// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/module_loader.hpp"

#include "runtime/child_locals.hpp"
#include "runtime/elf_file.hpp"
#include "runtime/exceptions.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace glovebox::runtime {
namespace {

constinit struct {
  bool known = false;
  dev_t device = 0;
  ino_t file = 0;
} first_root;

// 0, or why there is no such file.
int absence_of(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? 0 : errno;
}

// An initialiser may load something itself.
std::recursive_mutex& loading() {
  static auto* const one = new std::recursive_mutex;
  return *one;
}

// dlopen answers a second attempt with the half-initialised module, as if nothing had happened.
std::map<void*, std::string>& failed_modules() {
  static auto* const all = new std::map<void*, std::string>;
  return *all;
}

struct own_module_path {
  std::vector<std::string> directories;
};

std::string describe_current_exception() {
  const core::exception_record record = capture_current_exception();
  return record.type + (record.message.empty() ? "" : ": " + record.message);
}

// Empty where there is none.
std::string module_note_of(const elf_file& file) {
  const std::vector<std::string> notes =
      file.notes(detail::module_note_owner, detail::module_note_type);
  if (notes.empty()) return {};
  for (const std::string& each : notes)
    if (each != notes.front())
      throw module_abi_mismatch(file.name() + " was built against two ABIs at once, '" +
                                notes.front() + "' and '" + each + "'");
  return notes.front();
}

void compare(const std::string& file, const std::string& note, std::string_view abi) {
  if (note != abi)
    throw module_abi_mismatch(file + " was built against another ABI: the module has '" + note +
                              "', this program has '" + std::string(abi) + "'. Build it again");
}

}  // namespace

std::string find_module(std::string_view name, const std::vector<std::string>& search_path) {
  const std::string text(name);
  if (name.empty() || name.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos)
    throw module_not_found("the name of a module is a plain file name, not '" + text + "'");
  std::string places;
  for (const std::string& directory : search_path) {
    if (directory.empty()) continue;
    int why = 0;
    for (const char* const prefix : {"", "lib"}) {
      std::string path = directory + '/' + prefix + text + ".so";
      why = absence_of(path);
      if (why == 0) return path;
    }
    places += (places.empty() ? "" : ", ") + directory;
    if (why == ENOENT) why = absence_of(directory);
    if (why != 0) places += std::string(" (") + std::strerror(why) + ")";
  }
  throw module_not_found(
      "there is no module '" + text + "': neither " + text + ".so nor lib" + text + ".so is in " +
      (places.empty() ? "the search path, which is empty" : places) + hint_about_root());
}

std::string module_note(const std::string& path) {
  try {
    std::string note = module_note_of(elf_file(path));
    if (note.empty())
      throw not_a_module(path + " is no glovebox module: GLOVEBOX_MODULE stands nowhere in it");
    return note;
  } catch (const elf_error& error) {
    if (error.code() == ENOENT)
      throw module_not_found("there is no module " + path + ": " + error.why() + hint_about_root());
    throw not_a_shared_object(path + " is no module: " + error.why());
  }
}

void check_module_note(const elf_file& file, std::string_view abi) {
  if (const std::string note = module_note_of(file); !note.empty()) compare(file.name(), note, abi);
}

std::vector<std::string> module_search_path() {
  std::vector<std::string> places = of_this_child<own_module_path>().directories;
  const char* const chosen = std::getenv("GLOVEBOX_MODULE_PATH");
  for (std::string_view rest = chosen ? chosen : ""; !rest.empty();) {
    const std::string_view first = rest.substr(0, rest.find(':'));
    if (!first.empty()) places.emplace_back(first);
    rest.remove_prefix(std::min(rest.size(), first.size() + 1));
  }
  places.emplace_back(GLOVEBOX_MODULE_DIR);
  return places;
}

void set_module_path(std::vector<std::string> directories) {
  of_this_child<own_module_path>().directories = std::move(directories);
}

void load_named_module(const std::string& name) {
  load_module_file(find_module(name, module_search_path()));
}

void* load_module_file(const std::string& path, std::string_view abi) {
  compare(path, module_note(path), abi);
  // Without a slash it would be searched for, and another file be found than was checked.
  return load_shared_object(path.find('/') == std::string::npos ? "./" + path : path, path);
}

void* load_shared_object(const std::string& path, const std::string& called) {
  const std::lock_guard lock(loading());
  const std::string& name = called.empty() ? path : called;
  // dlopen is declared not to throw, yet what initialisers throw passes through it. The compiler
  // must not know which function this is.
  void* (*volatile open)(const char*, int) = &::dlopen;
  void* handle = nullptr;
  try {
    handle = open(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  } catch (...) {
    const std::string why =
        name + " cannot be loaded: a static initialiser threw " + describe_current_exception();
    // It stays as it is, whoever asks for it.
    if (void* const half = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD))
      failed_modules().emplace(half, why);
    std::throw_with_nested(module_initialiser_threw(why));
  }
  if (!handle) {
    const char* const text = ::dlerror();
    const std::string why = text ? text : "dlopen failed";
    const bool missing = why.find(std::strerror(ENOENT)) != std::string::npos;
    throw module_not_loadable(name + " cannot be loaded: " + why +
                              (missing ? hint_about_root() : ""));
  }
  if (const auto failed = failed_modules().find(handle); failed != failed_modules().end())
    throw module_initialiser_threw(failed->second + " (when it was loaded first)");
  return handle;
}

void remember_root() noexcept {
  struct stat status;
  if (::stat("/", &status) == 0) first_root = {true, status.st_dev, status.st_ino};
}

std::string hint_about_root() {
  struct stat status;
  if (!first_root.known || ::stat("/", &status) != 0 ||
      (status.st_dev == first_root.device && status.st_ino == first_root.file))
    return {};
  return " (the child's root directory was changed since it started; ctx.jail loads and stages "
         "what will be needed before it changes the root)";
}

}  // namespace glovebox::runtime
