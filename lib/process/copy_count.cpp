// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/copy_count.hpp"

#include "transport/memory_file.hpp"

#include <sys/mman.h>
#include <cerrno>
#include <system_error>

namespace glovebox::process {
namespace {

[[noreturn]] void no_count(const char* step) {
  throw std::system_error(errno, std::generic_category(), step);
}

void* map_count(int descriptor, std::size_t bytes, int access) {
  void* const address = ::mmap(nullptr, bytes, access, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) no_count("count of copies: mmap");
  return address;
}

}  // namespace

void copy_count::unmap::operator()(word* at) const noexcept {
  ::munmap(at, sizeof *at);
}

// A page of zeros is a count of 0.
copy_count copy_count::create(transport::unique_fd& descriptor) {
  transport::unique_fd memory = transport::make_memory_file("glovebox-copies");
  if (!memory) no_count("count of copies: memfd_create");
  if (!transport::resize(memory, sizeof(word))) no_count("count of copies: ftruncate");
  copy_count made(
      static_cast<word*>(map_count(memory.get(), sizeof(word), PROT_READ | PROT_WRITE)));
  descriptor = std::move(memory);
  return made;
}

copy_count copy_count::attach(int descriptor) {
  copy_count made(static_cast<word*>(map_count(descriptor, sizeof(word), PROT_READ)));
  if (::madvise(made.word_.get(), sizeof(word), MADV_DONTFORK) != 0)
    no_count("count of copies: madvise");
  return made;
}

}  // namespace glovebox::process
