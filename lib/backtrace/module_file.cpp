// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/module_file.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace glovebox::backtrace {
namespace {

constexpr off_t largest_file = off_t{4} << 30;
constexpr std::size_t most_segments = 1024;

// Not by open(), which this program takes from the libraries that it is linked with: see
// no_files.cpp.
file_descriptor open_path(const char* path, int flags) {
  return file_descriptor(
      static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC)));
}

// Looks first, by a descriptor that opens nothing, then opens what it has looked at.
template <class Check>
opened_file open_checked(const char* path, const Check& check) {
  const file_descriptor seen = open_path(path, O_PATH);
  if (!seen) return {{}, std::strerror(errno)};
  struct stat status;
  if (::fstat(seen.get(), &status) != 0) return {{}, std::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return {{}, "is no regular file"};
  if (status.st_size > largest_file) return {{}, "is too large"};
  if (const char* const refusal = check(status)) return {{}, refusal};
  const std::string again = "/proc/self/fd/" + std::to_string(seen.get());
  opened_file opened{open_path(again.c_str(), O_RDONLY), {}};
  if (!opened.file) opened.refusal = std::strerror(errno);
  return opened;
}

bool read_at(const file_descriptor& file, void* to, std::size_t size, std::uint64_t offset) {
  return ::pread(file.get(), to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

}  // namespace

opened_file open_module(const mapping& shown) {
  if (shown.path.empty() || shown.path[0] != '/') return {{}, "is no file"};
  if (shown.path.ends_with(" (deleted)")) return {{}, "is gone or was replaced"};
  return open_checked(shown.path.c_str(), [&](const struct stat& status) -> const char* {
    // Not the device: several file systems show another one in the mapping than to fstat().
    return status.st_ino == shown.inode ? nullptr : "was replaced since it was loaded";
  });
}

file_descriptor open_debug_file(std::span<const unsigned char> build_id) {
  if (build_id.size() < 2 || build_id.size() > 64) return {};
  std::string path = "/usr/lib/debug/.build-id/";
  for (std::size_t i = 0; i != build_id.size(); ++i) {
    constexpr char digits[] = "0123456789abcdef";
    path += digits[build_id[i] >> 4];
    path += digits[build_id[i] & 15];
    if (i == 0) path += '/';
  }
  path += ".debug";
  return open_checked(path.c_str(), [](const struct stat&) -> const char* { return nullptr; }).file;
}

std::optional<std::uint64_t> linked_address(const file_descriptor& file, std::uint64_t offset) {
  ElfW(Ehdr) header;
  if (!read_at(file, &header, sizeof header, 0) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum > most_segments ||
      header.e_phoff > static_cast<std::uint64_t>(largest_file))
    return std::nullopt;
  for (std::size_t i = 0; i != header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (!read_at(file, &segment, sizeof segment, header.e_phoff + i * sizeof segment))
      return std::nullopt;
    if (segment.p_type == PT_LOAD && offset >= segment.p_offset &&
        offset - segment.p_offset < segment.p_filesz)
      return offset - segment.p_offset + segment.p_vaddr;
  }
  return std::nullopt;
}

}  // namespace glovebox::backtrace
