// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/dwfl_modules.hpp"
#include "backtrace/module_file.hpp"

#include <gelf.h>
#include <link.h>
#include <sys/auxv.h>
#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

// The linker's: the ELF header of this program.
extern "C" [[gnu::visibility("hidden")]] const ElfW(Ehdr) __ehdr_start;

namespace glovebox::backtrace {
namespace {

constexpr std::size_t most_modules = 2048;

// The vDSO is the same in all processes; and to look at ours nothing has to be read of the other.
std::span<char> own_vdso() {
  auto* const start = reinterpret_cast<char*>(::getauxval(AT_SYSINFO_EHDR));
  if (!start) return {};
  ElfW(Ehdr) header;
  std::memcpy(&header, start, sizeof header);
  std::size_t size = header.e_shoff + std::size_t{header.e_shentsize} * header.e_shnum;
  for (std::size_t i = 0; i != header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    std::memcpy(&segment, start + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_LOAD)
      size = std::max<std::size_t>(size, segment.p_offset + segment.p_filesz);
  }
  return {start, size};
}

bool is_of_this_machine(Elf* elf) {
  GElf_Ehdr header;
  if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) return false;
  return header.e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
         header.e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] &&
         header.e_machine == __ehdr_start.e_machine &&
         (header.e_type == ET_DYN || header.e_type == ET_EXEC);
}

int find_elf(Dwfl_Module*, void** userdata, const char*, Dwarf_Addr, char** name, Elf** elf) {
  auto* const known = static_cast<dwfl_modules::module*>(*userdata);
  if (!known) return -1;
  if (known->path == "[vdso]") {
    const std::span<char> vdso = own_vdso();
    *elf = vdso.empty() ? nullptr : elf_memory(vdso.data(), vdso.size());
    if (!*elf) return -1;
    *name = ::strdup("[vdso]");
    return -1;
  }
  opened_file opened = open_module(*known->loaded.first);
  if (!opened.file) {
    known->refusal = opened.refusal;
    return -1;
  }
  *elf = elf_begin(opened.file.get(), ELF_C_READ_MMAP, nullptr);
  if (!*elf || !is_of_this_machine(*elf)) {
    elf_end(*elf);
    *elf = nullptr;
    known->refusal = "is no ELF file of this machine";
    return -1;
  }
  *name = ::strdup(known->path.c_str());
  return opened.file.release();
}

// The C and C++ runtime's own lines help nobody, and the debug file of the C library alone takes
// longer to read than all the rest.
bool is_runtime(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const std::string_view each :
       {"libc.so.", "ld-linux", "libstdc++.so.", "libgcc_s.so.", "libm.so.", "libpthread.so."})
    if (name.starts_with(each)) return true;
  return false;
}

// By the build id only: any other name is one that the file has chosen.
int find_debuginfo(Dwfl_Module* module, void** userdata, const char*, Dwarf_Addr, const char*,
                   const char*, GElf_Word, char** name) {
  const auto* const known = static_cast<const dwfl_modules::module*>(*userdata);
  if (known && is_runtime(known->path)) return -1;
  const unsigned char* id = nullptr;
  GElf_Addr where = 0;
  const int size = dwfl_module_build_id(module, &id, &where);
  if (size <= 0) return -1;
  file_descriptor file = open_debug_file({id, static_cast<std::size_t>(size)});
  if (!file) return -1;
  *name = ::strdup("debug information");
  return file.release();
}

int section_address(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, GElf_Word,
                    const GElf_Shdr*, Dwarf_Addr*) {
  return -1;  // only object files that were not linked need it
}

constexpr Dwfl_Callbacks module_callbacks{find_elf, find_debuginfo, section_address, nullptr};

}  // namespace

dwfl_modules::dwfl_modules(const std::vector<mapping>& mappings) {
  elf_version(EV_CURRENT);
  dwfl_ = dwfl_begin(&module_callbacks);
  if (!dwfl_) throw std::runtime_error(std::string("dwfl_begin: ") + dwfl_errmsg(-1));
  dwfl_report_begin(dwfl_);
  for (const loaded_file& each : loaded_files(mappings)) {
    if (modules_.size() == most_modules) break;
    report(each);
  }
  dwfl_report_end(dwfl_, nullptr, nullptr);
  const std::span<char> vdso = own_vdso();
  if (!vdso.empty()) machine_ = elf_memory(vdso.data(), vdso.size());
}

dwfl_modules::~dwfl_modules() {
  dwfl_end(dwfl_);
  elf_end(machine_);
}

void dwfl_modules::report(const loaded_file& loaded) {
  module& known = modules_.emplace_back();
  known.loaded = loaded;
  known.path = loaded.first->path;
  Dwfl_Module* const made = dwfl_report_module(dwfl_, known.path.c_str(), loaded.from, loaded.to);
  void** userdata = nullptr;
  if (made &&
      dwfl_module_info(made, &userdata, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr))
    *userdata = &known;
}

Dwfl_Module* dwfl_modules::find(std::uint64_t address, module*& known) const {
  Dwfl_Module* const found = dwfl_addrmodule(dwfl_, address);
  known = nullptr;
  if (!found) return nullptr;
  void** userdata = nullptr;
  dwfl_module_info(found, &userdata, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  if (userdata) known = static_cast<module*>(*userdata);
  return known ? found : nullptr;
}

}  // namespace glovebox::backtrace
