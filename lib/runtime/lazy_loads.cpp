// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/lazy_loads.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <pwd.h>
#include <clocale>
#include <ctime>
#include <initializer_list>

namespace glovebox::runtime {
namespace {

// Held for ever: what is closed may be unloaded.
void load_character_set(const char* name) {
  ::iconv_open("WCHAR_T", name);
  ::iconv_open(name, "WCHAR_T");
}

}  // namespace

void load_lazy_parts() noexcept {
  // Whom the files know: directory services are out of reach from inside, and may be slow.
  ::getpwuid(0);
  ::getgrgid(0);
  ::tzset();
  const ::locale_t environments = ::newlocale(LC_ALL_MASK, "", nullptr);
  if (environments) load_character_set(::nl_langinfo_l(CODESET, environments));
  for (const char* const name : {"UTF-16", "UTF-32", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252"})
    load_character_set(name);
  ::dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  void* frame = nullptr;
  ::backtrace(&frame, 1);
}

}  // namespace glovebox::runtime
