// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/elf_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// The linker's: the ELF header of the module this is linked into.
extern "C" [[gnu::visibility("hidden")]] const ElfW(Ehdr) __ehdr_start;

namespace glovebox::runtime {
namespace {

// Far beyond what linkers make; no more memory than this is spent on a file.
constexpr std::size_t most_segments = 1024;
constexpr std::uint64_t largest_note_segment = 64 * 1024;
constexpr std::uint64_t largest_dynamic_segment = 1024 * 1024;
constexpr std::size_t most_needed = 1024;
constexpr std::uint64_t most_text = 4096;

}  // namespace

elf_error::elf_error(const std::string& file, const std::string& why, int code)
    : std::runtime_error(file + ": " + why), why_(why), code_(code) {}

// ELF(5), "Notes (Nhdr)": the descriptor and the next note each begin at a multiple of the
// segment's alignment.
void visit_notes(std::string_view segment, std::uint64_t alignment,
                 const std::function<bool(const elf_note&)>& visit) {
  if (alignment != 8) alignment = 4;
  const auto padded = [&](std::uint64_t n) { return (n + alignment - 1) & ~(alignment - 1); };
  std::uint64_t at = 0;
  ElfW(Nhdr) header;
  while (at + sizeof header <= segment.size()) {
    std::memcpy(&header, segment.data() + at, sizeof header);
    const std::uint64_t owner = at + sizeof header;
    const std::uint64_t content = padded(owner + header.n_namesz);
    if (content + header.n_descsz > segment.size()) return;
    elf_note note{segment.substr(owner, header.n_namesz), header.n_type,
                  segment.substr(content, header.n_descsz)};
    if (note.owner.ends_with('\0')) note.owner.remove_suffix(1);
    if (!visit(note)) return;
    at = padded(content + header.n_descsz);
  }
}

elf_file::elf_file(std::string path) : name_(std::move(path)) {
  // First a look: to open a device may be to do something with it.
  struct stat status;
  if (::stat(name_.c_str(), &status) != 0) refuse(std::strerror(errno), errno);
  check_kind(status.st_mode);
  // Whatever was put there meanwhile: not to wait for the writer of a FIFO, nor get a terminal.
  file_.reset(::open(name_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file_) refuse(std::strerror(errno), errno);
  read_headers();
}

elf_file::elf_file(transport::unique_fd file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {
  read_headers();
}

void elf_file::refuse(const std::string& why, int code) const {
  throw elf_error(name_, why, code);
}

void elf_file::check_kind(mode_t mode) const {
  if (S_ISDIR(mode)) refuse("a directory, no file");
  if (!S_ISREG(mode)) refuse("no regular file");
}

void elf_file::read_headers() {
  struct stat status;
  if (::fstat(file_.get(), &status) != 0) refuse(std::strerror(errno), errno);
  check_kind(status.st_mode);
  size_ = static_cast<std::uint64_t>(status.st_size);

  const ElfW(Ehdr)& own = __ehdr_start;
  ElfW(Ehdr) header;
  if (size_ < SELFMAG) refuse("no ELF file");
  read(0, header.e_ident, SELFMAG);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) refuse("no ELF file");
  if (size_ < sizeof header) refuse("the ELF file is truncated");
  read(0, &header, sizeof header);
  if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
      header.e_ident[EI_DATA] != own.e_ident[EI_DATA] || header.e_machine != own.e_machine)
    refuse("an ELF file of another machine");
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT)
    refuse("an ELF file of an unknown version");
  if (header.e_type != ET_DYN && header.e_type != ET_EXEC)
    refuse("an ELF file, but neither a shared object nor a program");
  if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum > most_segments)
    refuse("the ELF file's table of segments is damaged");
  segments_.resize(header.e_phnum);
  if (!segments_.empty())
    read(header.e_phoff, segments_.data(), segments_.size() * sizeof segments_[0]);
}

void elf_file::read(std::uint64_t offset, void* to, std::uint64_t size) const {
  if (offset > size_ || size > size_ - offset) refuse("the ELF file is truncated");
  auto* next = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t got = ::pread(file_.get(), next, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(std::strerror(errno), errno);
    if (got == 0) refuse("the ELF file is truncated");  // it has shrunk meanwhile
    next += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::uint64_t>(got);
  }
}

std::vector<std::string> elf_file::notes(std::string_view owner, std::uint32_t type) const {
  std::vector<std::string> found;
  for (const ElfW(Phdr) & segment : segments_) {
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_filesz > largest_note_segment) refuse("the ELF file's notes are too large");
    std::string bytes(segment.p_filesz, '\0');
    read(segment.p_offset, bytes.data(), bytes.size());
    visit_notes(bytes, segment.p_align, [&](const elf_note& note) {
      if (note.owner == owner && note.type == type) found.emplace_back(note.content);
      return true;
    });
  }
  return found;
}

std::optional<std::uint64_t> elf_file::offset_of(std::uint64_t address) const {
  for (const ElfW(Phdr) & segment : segments_) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return segment.p_offset + (address - segment.p_vaddr);
  }
  return std::nullopt;
}

// A text that ends within `limit` bytes.
std::string elf_file::text(std::uint64_t offset, std::uint64_t limit) const {
  if (offset > size_) refuse("the ELF file is truncated");
  std::string bytes(std::min({limit, most_text, size_ - offset}), '\0');
  read(offset, bytes.data(), bytes.size());
  const std::size_t end = bytes.find('\0');
  if (end == std::string::npos) refuse("the ELF file has a text without an end");
  bytes.resize(end);
  return bytes;
}

std::vector<std::string> elf_file::needed() const {
  std::vector<std::string> found;
  const auto segment =
      std::find_if(segments_.begin(), segments_.end(),
                   [](const ElfW(Phdr) & each) { return each.p_type == PT_DYNAMIC; });
  if (segment == segments_.end()) return found;  // linked statically
  if (segment->p_filesz > largest_dynamic_segment)
    refuse("the ELF file's dynamic section is too large");
  std::vector<ElfW(Dyn)> entries(segment->p_filesz / sizeof(ElfW(Dyn)));
  if (!entries.empty()) read(segment->p_offset, entries.data(), entries.size() * sizeof entries[0]);

  std::vector<std::uint64_t> names;
  std::uint64_t texts = 0, texts_size = 0;
  for (const ElfW(Dyn) & entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) names.push_back(entry.d_un.d_val);
    if (entry.d_tag == DT_STRTAB) texts = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) texts_size = entry.d_un.d_val;
  }
  if (names.size() > most_needed) refuse("the ELF file needs too many others");
  if (names.empty()) return found;
  const std::optional<std::uint64_t> start = offset_of(texts);
  for (const std::uint64_t name : names) {
    if (!start || name >= texts_size) refuse("the ELF file's dynamic section is damaged");
    // An offset within the bounds may still be anything: no sum with it before it is checked.
    if (name > size_) refuse("the ELF file is truncated");
    found.push_back(text(*start + name, texts_size - name));
  }
  return found;
}

}  // namespace glovebox::runtime
