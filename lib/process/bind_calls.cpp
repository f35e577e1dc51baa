// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/bind_calls.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace glovebox::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint64_t jump_slot = R_X86_64_JUMP_SLOT;
#elif defined(__aarch64__)
constexpr std::uint64_t jump_slot = R_AARCH64_JUMP_SLOT;
#else
constexpr std::uint64_t jump_slot = ~std::uint64_t{0};  // none: calls stay as they are
#endif

// What the dynamic section of a module says; see the System V ABI, "Dynamic Linking".
struct dynamic_section {
  const ElfW(Rela) * calls = nullptr;
  std::size_t calls_bytes = 0;
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Versym) * versions = nullptr;
  const char* needed_versions = nullptr;
  bool with_addends = false;
  bool other_rules = false;  // bound already, or its own symbols come first

  dynamic_section(std::uintptr_t base, const ElfW(Dyn) * entries) {
    // The library's loader has put addresses in the place of most offsets.
    const auto at = [base](const ElfW(Dyn) & entry) {
      const auto value = static_cast<std::uintptr_t>(entry.d_un.d_ptr);
      return value < base ? base + value : value;
    };
    for (const ElfW(Dyn)* each = entries; each->d_tag != DT_NULL; ++each) {
      switch (each->d_tag) {
        case DT_JMPREL:
          calls = reinterpret_cast<const ElfW(Rela)*>(at(*each));
          break;
        case DT_PLTRELSZ:
          calls_bytes = each->d_un.d_val;
          break;
        case DT_PLTREL:
          with_addends = each->d_un.d_val == DT_RELA;
          break;
        case DT_SYMTAB:
          symbols = reinterpret_cast<const ElfW(Sym)*>(at(*each));
          break;
        case DT_STRTAB:
          names = reinterpret_cast<const char*>(at(*each));
          break;
        case DT_VERSYM:
          versions = reinterpret_cast<const ElfW(Versym)*>(at(*each));
          break;
        case DT_VERNEED:
          needed_versions = reinterpret_cast<const char*>(at(*each));
          break;
        case DT_FLAGS:
          other_rules |= (each->d_un.d_val & (DF_BIND_NOW | DF_SYMBOLIC)) != 0;
          break;
        case DT_FLAGS_1:
          other_rules |= (each->d_un.d_val & DF_1_NOW) != 0;
          break;
        case DT_BIND_NOW:
        case DT_SYMBOLIC:
          other_rules = true;
          break;
        default:
          break;
      }
    }
  }

  bool can_be_bound() const { return calls && with_addends && symbols && names && !other_rules; }

  // Null: any.
  const char* version_of(std::size_t symbol) const {
    constexpr ElfW(Versym) hidden = 0x8000;
    const unsigned wanted = versions ? versions[symbol] & ~hidden : 0u;
    if (wanted <= VER_NDX_GLOBAL || !needed_versions) return nullptr;
    for (const char* file = needed_versions;;) {
      const auto& needed = *reinterpret_cast<const ElfW(Verneed)*>(file);
      const char* at = file + needed.vn_aux;
      for (unsigned i = 0; i != needed.vn_cnt; ++i) {
        const auto& version = *reinterpret_cast<const ElfW(Vernaux)*>(at);
        if (version.vna_other == wanted) return names + version.vna_name;
        at += version.vna_next;
      }
      if (needed.vn_next == 0) return nullptr;
      file += needed.vn_next;
    }
  }
};

const ElfW(Dyn) * dynamic_entries(const dl_phdr_info& module) {
  for (int i = 0; i != module.dlpi_phnum; ++i)
    if (const ElfW(Phdr)& segment = module.dlpi_phdr[i]; segment.p_type == PT_DYNAMIC)
      return reinterpret_cast<const ElfW(Dyn)*>(module.dlpi_addr + segment.p_vaddr);
  return nullptr;
}

// Where the linker would have to: in the global scope.
void* find(const char* name, const char* version) {
  return version ? ::dlvsym(RTLD_DEFAULT, name, version) : ::dlsym(RTLD_DEFAULT, name);
}

// Of the program itself, which comes first. Libraries may have been loaded so that they find other
// things than the program does.
int bind(dl_phdr_info* program, std::size_t, void* bound) {
  const ElfW(Dyn)* const entries = dynamic_entries(*program);
  if (!entries) return 1;
  const dynamic_section in(program->dlpi_addr, entries);
  if (!in.can_be_bound()) return 1;
  const std::size_t count = in.calls_bytes / sizeof *in.calls;
  for (std::size_t i = 0; i != count; ++i) {
    const ElfW(Rela)& call = in.calls[i];
    if (ELF64_R_TYPE(call.r_info) != jump_slot) continue;
    const std::size_t symbol = ELF64_R_SYM(call.r_info);
    void* const found = find(in.names + in.symbols[symbol].st_name, in.version_of(symbol));
    if (!found) continue;
    *reinterpret_cast<void**>(program->dlpi_addr + call.r_offset) = found;
    ++*static_cast<std::size_t*>(bound);
  }
  return 1;
}

}  // namespace

std::size_t bind_calls() noexcept {
  std::size_t bound = 0;
  // Auditors are told of each call that is bound, by the linker.
  if (!std::getenv("LD_AUDIT")) ::dl_iterate_phdr(bind, &bound);
  return bound;
}

}  // namespace glovebox::process
