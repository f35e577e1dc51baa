// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/modules.hpp"

#include <elf.h>
#include <link.h>
#include <unistd.h>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace glovebox::runtime {
namespace {

// ELF(5), "Notes (Nhdr)": the descriptor and the next note each begin at a multiple of the
// segment's alignment.
std::string find_build_id(const char* notes, std::size_t size, std::size_t alignment) {
  if (alignment != 8) alignment = 4;
  const auto padded = [&](std::size_t n) { return (n + alignment - 1) & ~(alignment - 1); };
  std::size_t at = 0;
  while (at + sizeof(ElfW(Nhdr)) <= size) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof header);
    const std::size_t name = at + sizeof header;
    const std::size_t bytes = padded(name + header.n_namesz);
    if (bytes + header.n_descsz > size) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(notes + name, "GNU", 4) == 0)
      return std::string(notes + bytes, header.n_descsz);
    at = padded(bytes + header.n_descsz);
  }
  return {};
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
      std::string id = find_build_id(base + segment.p_vaddr, segment.p_memsz, segment.p_align);
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
  const auto refuse = [&](const char* why) -> std::string {
    throw std::runtime_error(path + ": " + why);
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) return refuse(std::strerror(errno));
  const auto read_at = [&](std::uint64_t offset, void* to, std::size_t size) {
    return std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) == 0 &&
           std::fread(to, 1, size, file.get()) == size;
  };
  ElfW(Ehdr) header;
  if (!read_at(0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_phentsize != sizeof(ElfW(Phdr)))
    return refuse("no ELF file of this machine");
  for (unsigned i = 0; i != header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (!read_at(header.e_phoff + i * sizeof segment, &segment, sizeof segment))
      return refuse("the ELF file is truncated");
    constexpr std::size_t largest_note = 64 * 1024;
    if (segment.p_type != PT_NOTE || segment.p_filesz > largest_note) continue;
    std::vector<char> notes(segment.p_filesz);
    if (!read_at(segment.p_offset, notes.data(), notes.size()))
      return refuse("the ELF file is truncated");
    std::string id = find_build_id(notes.data(), notes.size(), segment.p_align);
    if (!id.empty()) return id;
  }
  return refuse("the ELF file has no build id");
}

}  // namespace glovebox::runtime
