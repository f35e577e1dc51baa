// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <elf.h>
#include <link.h>
#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::runtime {

/// Why a file cannot be read as an ELF file of this machine. `what()` begins with the file's name.
class elf_error : public std::runtime_error {
 public:
  /// \param code `errno` when the system refused; 0 when the content is to blame
  elf_error(const std::string& file, const std::string& why, int code = 0);
  const std::string& why() const noexcept { return why_; }
  int code() const noexcept { return code_; }

 private:
  std::string why_;
  int code_;
};

/// A note inside the bytes it was found in.
struct elf_note {
  std::string_view owner;  ///< without its final zero
  std::uint32_t type = 0;
  std::string_view content;
};
/// The notes of a segment, up to the first that is damaged, as long as `visit` returns true.
void visit_notes(std::string_view segment, std::uint64_t alignment,
                 const std::function<bool(const elf_note&)>& visit);

/// Reads an ELF file as data: never maps it, and never runs anything of it. The file may be
/// hostile: it is opened without waiting for whoever may be at its other end, everything in it is
/// checked against the file's size, and how much memory it can cost is bounded.
class elf_file {
 public:
  /// \throws elf_error
  explicit elf_file(std::string path);
  /// The same for an open file; `name` is what messages call it.
  elf_file(transport::unique_fd file, std::string name);

  const std::string& name() const noexcept { return name_; }
  int descriptor() const noexcept { return file_.get(); }

  /// The contents of all notes of this owner and type. \throws elf_error
  std::vector<std::string> notes(std::string_view owner, std::uint32_t type) const;

  /// The libraries that the dynamic linker would load with it (DT_NEEDED). \throws elf_error
  std::vector<std::string> needed() const;

 private:
  [[noreturn]] void refuse(const std::string& why, int code = 0) const;
  void check_kind(mode_t mode) const;
  void read_headers();
  void read(std::uint64_t offset, void* to, std::uint64_t size) const;
  std::string text(std::uint64_t offset, std::uint64_t limit) const;
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const;

  transport::unique_fd file_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::vector<ElfW(Phdr)> segments_;
};

}  // namespace glovebox::runtime
