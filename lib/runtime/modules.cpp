// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/modules.hpp"

#include "runtime/elf_file.hpp"

#include <elf.h>
#include <link.h>
#include <unistd.h>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace glovebox::runtime {
namespace {

constexpr std::string_view build_id_owner = "GNU";

std::string find_build_id(std::string_view notes, std::uint64_t alignment) {
  std::string found;
  visit_notes(notes, alignment, [&](const elf_note& note) {
    if (note.owner == build_id_owner && note.type == NT_GNU_BUILD_ID) found = note.content;
    return found.empty();
  });
  return found;
}

// FNV-1a, 64 bits, in steps of 8 bytes: it tells the modules of one program apart, nothing more.
std::string hash_code(const char* code, std::size_t size) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t at = 0; at + 8 <= size; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, code + at, 8);
    hash = (hash ^ word) * 0x100000001b3;
  }
  hash ^= size;
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

core::module_identity identify(const dl_phdr_info& module) {
  const char* const base = reinterpret_cast<const char*>(module.dlpi_addr);
  const ElfW(Phdr)* code = nullptr;
  for (int i = 0; i != module.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module.dlpi_phdr[i];
    if (segment.p_type == PT_NOTE) {
      std::string id = find_build_id({base + segment.p_vaddr, segment.p_memsz}, segment.p_align);
      if (!id.empty()) return {core::module_identity::source::build_id, std::move(id)};
    }
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) && !code) code = &segment;
  }
  std::string hash = code ? hash_code(base + code->p_vaddr, code->p_filesz) : std::string();
  return {core::module_identity::source::code_hash, std::move(hash)};
}

bool contains(const dl_phdr_info& module, std::uintptr_t address) {
  for (int i = 0; i != module.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t start = module.dlpi_addr + segment.p_vaddr;
    if (address >= start && address - start < segment.p_memsz) return true;
  }
  return false;
}

std::string path_of(const dl_phdr_info& module) {
  char resolved[PATH_MAX];
  if (module.dlpi_name && *module.dlpi_name)
    return ::realpath(module.dlpi_name, resolved) ? resolved : module.dlpi_name;
  const ssize_t length = ::readlink("/proc/self/exe", resolved, sizeof resolved);
  return length > 0 ? std::string(resolved, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

std::optional<loaded_module> module_at(const void* address) {
  struct search {
    std::uintptr_t address;
    std::optional<loaded_module> found;
  } state{reinterpret_cast<std::uintptr_t>(address), {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* data) {
        auto& wanted = *static_cast<search*>(data);
        if (!contains(*module, wanted.address)) return 0;
        wanted.found = loaded_module{identify(*module), module->dlpi_addr, path_of(*module)};
        return 1;
      },
      &state);
  return std::move(state.found);
}

std::optional<std::uintptr_t> module_base(const core::module_identity& identity) {
  struct search {
    const core::module_identity& identity;
    std::optional<std::uintptr_t> found;
  } state{identity, {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* data) {
        auto& wanted = *static_cast<search*>(data);
        if (!(identify(*module) == wanted.identity)) return 0;
        wanted.found = module->dlpi_addr;
        return 1;
      },
      &state);
  return state.found;
}

std::string build_id_of_file(const std::string& path) {
  const elf_file file(path);
  for (std::string& id : file.notes(build_id_owner, NT_GNU_BUILD_ID))
    if (!id.empty()) return std::move(id);
  throw elf_error(path, "the ELF file has no build id");
}

}  // namespace glovebox::runtime
