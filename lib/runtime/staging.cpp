// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/staging.hpp"

#include "runtime/elf_file.hpp"
#include "runtime/library_search.hpp"
#include "runtime/module_loader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace glovebox::runtime {
namespace {

// A module cannot fill the disk.
constexpr std::size_t most_files = 256;
constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;

[[noreturn]] void refuse(const std::string& what, int error = 0) {
  throw std::runtime_error(what + (error != 0 ? std::string(": ") + std::strerror(error) : ""));
}

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void write_all(int to, const char* bytes, std::size_t size, const std::string& name) {
  while (size != 0) {
    const ssize_t written = ::write(to, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) refuse(name + " cannot be copied into the jail", errno);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

}  // namespace

staging::staging(int root, std::string name)
    : name_(std::move(name)),
      directory_(::openat(root, name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {
  struct stat status;
  struct statvfs system;
  if (!directory_ || ::fstat(directory_.get(), &status) != 0 ||
      ::fstatvfs(directory_.get(), &system) != 0)
    refuse("the directory for the modules in the jail cannot be opened", errno);
  if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    refuse("the directory for the modules in the jail is not root's alone");
  if ((system.f_flag & ST_NOEXEC) != 0)
    refuse("the jail lies in a file system that is mounted noexec: no module can be loaded there");
}

void staging::add(const std::string& path) {
  add(path, file_name(path), {});
}

void staging::add(const std::string& path, const std::string& name, const std::string& wanted_by) {
  const auto same = std::find_if(copied_.begin(), copied_.end(),
                                 [&](const copied& each) { return each.name == name; });
  if (same != copied_.end()) {
    // For a library that is needed any of that name will do, as it does for the dynamic linker.
    if (!wanted_by.empty() || same->from == path) return;
    refuse(path + " and " + same->from + " have the same name, and one directory in the jail");
  }
  if (copied_.size() == most_files) refuse(wanted_by + " needs too many libraries");
  const auto open = [&] {
    try {
      return elf_file(path);
    } catch (const elf_error& error) {
      if (error.code() == ENOENT)
        throw module_not_found("there is no module " + path + ": " + error.why());
      throw not_a_shared_object(path + " is no module: " + error.why());
    }
  };
  // From here on only the copy counts: whatever becomes of the file, nobody changes that.
  transport::unique_fd made = copy(open(), name);
  copied_.push_back({name, path});
  try {
    const elf_file file(std::move(made), path);
    check_module_note(file);
    add_needed(file);
  } catch (const elf_error& error) {
    throw not_a_shared_object(path + " is no module: " + error.why());
  }
  files_.push_back({'/' + name_ + '/' + name, path});
}

void staging::add_needed(const elf_file& file) {
  for (const std::string& each : file.needed()) {
    if (each.find('/') == std::string::npos &&
        std::any_of(copied_.begin(), copied_.end(),
                    [&](const copied& other) { return other.name == each; }))
      continue;
    if (library_loaded(each)) continue;
    const std::string found = find_library(each);
    if (found.empty())
      throw module_not_loadable(file.name() + " needs " + each +
                                ", which is none of the system's libraries. Name its file before "
                                "it in jail_options.modules, or in jail_options.preload");
    add(found, each, file.name());
  }
}

transport::unique_fd staging::copy(const elf_file& from, const std::string& name) {
  transport::unique_fd to(::openat(directory_.get(), name.c_str(),
                                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400));
  if (!to) refuse(from.name() + " cannot be copied into the jail", errno);
  std::array<char, 64 * 1024> piece;
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(from.descriptor(), piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(from.name() + " cannot be read", errno);
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    bytes_ += size;
    if (bytes_ > most_bytes) refuse(from.name() + " is too large to be copied into the jail");
    write_all(to.get(), piece.data(), size, from.name());
    at += got;
  }
  if (::fchmod(to.get(), 0444) != 0) refuse(name + " in the jail", errno);
  return to;
}

}  // namespace glovebox::runtime
