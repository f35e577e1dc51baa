// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/library_search.hpp"

#include "runtime/elf_file.hpp"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

namespace glovebox::runtime {
namespace {

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos;
}

bool usable(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return false;
  try {
    const elf_file file(path);
    return true;
  } catch (const elf_error&) {
    return false;  // of another machine, as a rule
  }
}

// LD_LIBRARY_PATH as it was when this process started, and the linker's own directories.
std::vector<std::string> linker_directories() {
  std::vector<std::string> found;
  // Asked for a library that brings no directories of its own.
  void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  Dl_serinfo size;
  if (!libc || ::dlinfo(libc, RTLD_DI_SERINFOSIZE, &size) != 0) return found;
  std::vector<std::uint64_t> memory(size.dls_size / sizeof(std::uint64_t) + 1);
  auto* const list = reinterpret_cast<Dl_serinfo*>(memory.data());
  *list = size;
  if (::dlinfo(libc, RTLD_DI_SERINFO, list) != 0) return found;
  for (unsigned i = 0; i != list->dls_cnt; ++i) found.emplace_back(list->dls_serpath[i].dls_name);
  return found;
}

}  // namespace

bool library_loaded(const std::string& name) {
  // With a path, dlopen would open whatever is there.
  if (!is_path(name)) {
    void* const loaded = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (loaded) ::dlclose(loaded);
    return loaded != nullptr;
  }
  struct search {
    const std::string& name;
    bool found;
  } state{name, false};
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* data) {
        auto& wanted = *static_cast<search*>(data);
        wanted.found = module->dlpi_name && wanted.name == module->dlpi_name;
        return wanted.found ? 1 : 0;
      },
      &state);
  return state.found;
}

std::string find_library(const std::string& name) {
  if (name.empty() || is_path(name)) return {};
  for (const std::string& directory : linker_directories()) {
    std::string path = directory + '/' + name;
    if (usable(path)) return path;
  }
  // What /etc/ld.so.conf adds to the linker's own directories.
  std::ifstream in("/etc/ld.so.cache", std::ios::binary);
  const std::string cache{std::istreambuf_iterator<char>(in), {}};
  for (std::string& path : paths_in_cache(cache, name))
    if (usable(path)) return std::move(path);
  return {};
}

// As ldconfig writes it since glibc 2.32: a head of 48 bytes, entries, texts.
std::vector<std::string> paths_in_cache(std::string_view cache, std::string_view name) {
  constexpr std::string_view magic = "glibc-ld.so.cache1.1";
  constexpr std::size_t head_bytes = 48;
  struct entry {
    std::int32_t flags;
    std::uint32_t name, path;  // offsets in the file
    std::uint32_t os_version;
    std::uint64_t hardware;
  };
  std::vector<std::string> found;
  if (cache.size() < head_bytes || !cache.starts_with(magic)) return found;
  std::uint32_t count;
  std::memcpy(&count, cache.data() + magic.size(), sizeof count);
  if (count > (cache.size() - head_bytes) / sizeof(entry)) return found;
  const auto text_at = [&](std::uint32_t offset) -> std::string_view {
    const std::size_t end = cache.find('\0', offset);
    return end == cache.npos ? std::string_view() : cache.substr(offset, end - offset);
  };
  for (std::size_t i = 0; i != count; ++i) {
    entry each;
    std::memcpy(&each, cache.data() + head_bytes + i * sizeof each, sizeof each);
    const std::string_view path = text_at(each.path);
    if (!path.empty() && text_at(each.name) == name) found.emplace_back(path);
  }
  return found;
}

}  // namespace glovebox::runtime
