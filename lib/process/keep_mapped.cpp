// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/keep_mapped.hpp"

#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace glovebox::process {
namespace {

// Writes one byte of each segment that is not written otherwise, as it was. The file is a
// debugger's way to write: what the process itself may do with the memory stays as it is.
int write_once(dl_phdr_info* module, std::size_t, void* memory) {
  // The kernel's own, which is no file's.
  if (std::string_view(module->dlpi_name).starts_with("linux-vdso")) return 0;
  const int fd = *static_cast<const int*>(memory);
  for (int i = 0; i != module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0 || segment.p_filesz == 0)
      continue;
    const auto at = static_cast<off_t>(module->dlpi_addr + segment.p_vaddr);
    std::byte one;
    if (::pread(fd, &one, 1, at) != 1 || ::pwrite(fd, &one, 1, at) != 1) return 1;
  }
  return 0;
}

// Of the module that has this function; not of a program of any size that it is linked into.
int map_own(dl_phdr_info* module, std::size_t, void*) {
  constexpr std::size_t usual = std::size_t{8} * 1024 * 1024;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto here = reinterpret_cast<std::uintptr_t>(&map_own);
  const auto begin_of = [&](const ElfW(Phdr) & of) { return module->dlpi_addr + of.p_vaddr; };
  const std::span segments(module->dlpi_phdr, module->dlpi_phnum);
  const bool own = std::any_of(segments.begin(), segments.end(), [&](const ElfW(Phdr) & each) {
    return each.p_type == PT_LOAD && here - begin_of(each) < each.p_memsz;
  });
  if (!own) return 0;
  for (const ElfW(Phdr) & each : segments) {
    if (each.p_type != PT_LOAD || (each.p_flags & PF_W) != 0 || each.p_memsz > usual) continue;
    const std::uintptr_t begin = begin_of(each) / page * page;
    const std::size_t size = begin_of(each) + each.p_memsz - begin;
    ::madvise(reinterpret_cast<void*>(begin), size, MADV_POPULATE_READ);
  }
  return 1;
}

}  // namespace

void map_own_code() noexcept {
  ::dl_iterate_phdr(map_own, nullptr);
}

// fork(2) leaves out the page tables of mappings that can be filled from their files again; it
// copies those in which a page was ever changed, since it can't tell which.
void keep_code_mapped() noexcept {
  transport::unique_fd memory(::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
  int fd = memory.get();
  if (memory) ::dl_iterate_phdr(write_once, &fd);
}

}  // namespace glovebox::process
