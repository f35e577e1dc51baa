// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// How a module says what it was built against: by an ELF note, which the loader reads from the
/// file before it lets any of the module's code run.

#include <glovebox/config.hpp>

#include <cstddef>
#include <cstdint>
#include <version>

#define GLOVEBOX_TEXT_OF(value) #value
#define GLOVEBOX_TEXT(value) GLOVEBOX_TEXT_OF(value)

// The C++ ABI proper. Compilers that share it (g++ and clang both follow the Itanium C++ ABI) may
// be mixed; the machine stands in the ELF header.
#if defined(__GXX_ABI_VERSION)
#define GLOVEBOX_ABI_COMPILER "itanium"
#else
#error "glovebox: unknown C++ ABI"
#endif

// What changes the layout of the standard library's classes. Its version does not: a newer
// libstdc++ runs what was built against an older one.
#if defined(_LIBCPP_ABI_VERSION)
#define GLOVEBOX_ABI_LIBRARY "libc++" GLOVEBOX_TEXT(_LIBCPP_ABI_VERSION)
#elif defined(_GLIBCXX_DEBUG)
#define GLOVEBOX_ABI_LIBRARY "libstdc++ cxx11=" GLOVEBOX_TEXT(_GLIBCXX_USE_CXX11_ABI) " debug"
#elif defined(__GLIBCXX__)
#define GLOVEBOX_ABI_LIBRARY "libstdc++ cxx11=" GLOVEBOX_TEXT(_GLIBCXX_USE_CXX11_ABI)
#else
#error "glovebox: unknown standard library"
#endif

/// What a module and the program that loads it must have in common, as text:
/// `glovebox 1, itanium, libstdc++ cxx11=1, 8 byte pointers`. Asio has no part in it: a module's
/// code does not see Asio's types.
#define GLOVEBOX_MODULE_ABI                                                                    \
  "glovebox " GLOVEBOX_TEXT(GLOVEBOX_ABI_NUMBER) ", " GLOVEBOX_ABI_COMPILER                    \
                                                 ", " GLOVEBOX_ABI_LIBRARY ", " GLOVEBOX_TEXT( \
                                                     __SIZEOF_POINTER__) " byte pointers"

namespace glovebox::detail {

inline constexpr char module_note_owner[] = "glovebox";
inline constexpr std::uint32_t module_note_type = 1;

/// An ELF note as it lies in the file (elf(5)): three sizes, then two texts padded to 4 bytes.
template <std::size_t Size>
struct module_note {
  static constexpr std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

  std::uint32_t owner_size;
  std::uint32_t content_size;  // without the text's final zero
  std::uint32_t type;
  char owner[padded(sizeof module_note_owner)];
  char content[padded(Size)];
};

template <std::size_t Size>
constexpr module_note<Size> make_module_note(const char (&abi)[Size]) {
  module_note<Size> note{sizeof module_note_owner, Size - 1, module_note_type, {}, {}};
  for (std::size_t i = 0; i != sizeof module_note_owner; ++i) note.owner[i] = module_note_owner[i];
  for (std::size_t i = 0; i != Size; ++i) note.content[i] = abi[i];
  return note;
}

}  // namespace glovebox::detail

/// Puts the note into the module that it stands in, at namespace scope; more than once does no
/// harm. Linkers collect sections named `.note*` in a PT_NOTE segment, and never drop them as
/// unused.
#define GLOVEBOX_MODULE_NOTE() GLOVEBOX_MODULE_NOTE_OF(GLOVEBOX_MODULE_ABI)
#define GLOVEBOX_MODULE_NOTE_OF(abi) GLOVEBOX_MODULE_NOTE_AT(abi, __COUNTER__)
#define GLOVEBOX_MODULE_NOTE_AT(abi, number) GLOVEBOX_MODULE_NOTE_NAMED(abi, number)
#define GLOVEBOX_MODULE_NOTE_NAMED(abi, number)                                   \
  [[gnu::used, gnu::section(".note.glovebox"),                                    \
    gnu::aligned(4)]] static constinit const auto glovebox_module_note_##number = \
      ::glovebox::detail::make_module_note(abi)
