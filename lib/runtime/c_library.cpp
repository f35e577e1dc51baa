// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/c_library.hpp>

#include "runtime/child_locals.hpp"

#include <glovebox/detail/describe.hpp>
#include <glovebox/detail/type_name.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdexcept>
#include <utility>

namespace glovebox::detail {
namespace {

std::string linker_error() {
  const char* const why = ::dlerror();
  return why ? why : "the dynamic linker does not say why";
}

// By the dynamic linker's handle: two names of one library are one library.
struct loaded_libraries {
  std::unordered_map<void*, std::shared_ptr<c_library>> all;
};

// A variable may be told from a function where the address is exactly that of a symbol.
bool is_data(void* address) {
  Dl_info info;
  void* entry = nullptr;
  if (::dladdr1(address, &info, &entry, RTLD_DL_SYMENT) == 0 || !entry) return false;
  const auto* const symbol = static_cast<const ElfW(Sym)*>(entry);
  const unsigned type = ELF64_ST_TYPE(symbol->st_info);
  return info.dli_saddr == address && (type == STT_OBJECT || type == STT_TLS || type == STT_COMMON);
}

void load_library(invocation& call) {
  std::string name;
  {
    decoder::scope path(call.in, "args", 0);
    name = glovebox::decode<std::string>(call.in);
  }
  call.in.finish();
  std::shared_ptr<c_library> library = c_library::load(name);
  void* const address = library.get();
  call.result_object =
      call.objects.adopt(address, type_name<c_library>(), std::move(library), false);
}

std::string describe_load(decoder& arguments) {
  std::string text;
  describe_argument<std::string>(arguments, text);
  return text;
}

stub_node loader_node{&load_library, &describe_load, "load_library"};

}  // namespace

stub_node& c_library::loader() noexcept {
  return loader_node;
}

std::shared_ptr<c_library> c_library::load(const std::string& name) {
  // dlopen would read both as something else: the program itself, and the part before the NUL.
  if (name.empty()) throw std::runtime_error("a C library without a name cannot be loaded");
  if (name.find('\0') != name.npos) throw std::runtime_error("no C library has a NUL in its name");
  void* const opened = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!opened)
    throw std::runtime_error("the C library " + name + " cannot be loaded: " + linker_error());
  std::shared_ptr<c_library>& known = runtime::of_this_child<loaded_libraries>().all[opened];
  if (known)
    ::dlclose(opened);  // counted twice otherwise
  else
    known.reset(new c_library(name, opened));
  return known;
}

void* c_library::find(std::string_view symbol) {
  std::string name(symbol);
  const auto refuse = [&](const std::string& why) {
    // c_str: a message ends at its first NUL.
    throw std::runtime_error("the C library " + name_ + " has no function " + name.c_str() + ": " +
                             why);
  };
  if (name.find('\0') != name.npos) refuse("no symbol has a NUL in its name");
  ::dlerror();
  void* const address = ::dlsym(opened_, name.c_str());
  if (!address) refuse(linker_error());
  if (is_data(address)) refuse("the symbol is a variable");
  functions_.emplace(std::move(name), address);
  return address;
}

}  // namespace glovebox::detail
