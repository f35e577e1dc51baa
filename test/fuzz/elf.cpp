// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// ELF files as data: modules are looked at before anything of them is run.
#include "fuzz/fuzz.hpp"
#include "runtime/elf_file.hpp"
#include "transport/memory_file.hpp"

#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glovebox;
  using namespace glovebox::fuzz;
  using runtime::elf_error;

  const bytes segment = exact(std::as_bytes(std::span(data, size)));
  for (const std::uint64_t alignment : {std::uint64_t{4}, std::uint64_t{8}})
    runtime::visit_notes(text_of(segment), alignment, [&](const runtime::elf_note& each) {
      require(each.owner.size() + each.content.size() <= size, "a note larger than its segment");
      return true;
    });

  transport::unique_fd file = transport::make_memory_file("fuzz");
  require(static_cast<bool>(file), "no memory file");
  require(::write(file.get(), data, size) == static_cast<ssize_t>(size), "no memory");
  try {
    const runtime::elf_file opened(std::move(file), "file");
    for (const auto& read : {+[](const runtime::elf_file& from) { return from.notes("GNU", 3); },
                             +[](const runtime::elf_file& from) { return from.needed(); }})
      try {
        for (const std::string& each : read(opened))
          require(each.size() <= size, "more than the file has");
      } catch (const elf_error&) {
      }
  } catch (const elf_error&) {
  }
  return 0;
}
