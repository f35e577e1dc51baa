// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/keep_mapped.hpp"

#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <link.h>
#include <unistd.h>
#include <cstddef>
#include <string_view>

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

}  // namespace

// fork(2) leaves out the page tables of mappings that can be filled from their files again; it
// copies those in which a page was ever changed, since it can't tell which.
void keep_code_mapped() noexcept {
  transport::unique_fd memory(::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
  int fd = memory.get();
  if (memory) ::dl_iterate_phdr(write_once, &fd);
}

}  // namespace glovebox::process
