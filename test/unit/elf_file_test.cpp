// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/elf_file.hpp"
#include "unit/module_files.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>

BOOST_AUTO_TEST_SUITE(elf_file_test)

using glovebox::runtime::elf_error;
using glovebox::runtime::elf_file;
using glovebox::test::built_module;
using glovebox::test::content_of;
using glovebox::test::flipped;
using glovebox::test::scratch;

/// Why the file is refused; empty when it is not.
std::string refusal(const std::string& path) {
  try {
    const elf_file file(path);
    file.needed();
    file.notes("GNU", NT_GNU_BUILD_ID);
    return {};
  } catch (const elf_error& error) {
    BOOST_TEST(std::string(error.what()) == path + ": " + error.why());
    return error.why();
  }
}

template <class T>
T& at(std::string& content, std::uint64_t offset) {
  BOOST_REQUIRE(offset + sizeof(T) <= content.size());
  return *reinterpret_cast<T*>(content.data() + offset);
}

ElfW(Ehdr) & header_of(std::string& content) {
  return at<ElfW(Ehdr)>(content, 0);
}
ElfW(Phdr) & segment_of(std::string& content, unsigned type) {
  const ElfW(Ehdr) header = header_of(content);
  for (unsigned i = 0; i != header.e_phnum; ++i) {
    auto& segment = at<ElfW(Phdr)>(content, header.e_phoff + i * sizeof(ElfW(Phdr)));
    if (segment.p_type == type) return segment;
  }
  throw std::runtime_error("no such segment");
}
ElfW(Dyn) & entry_of(std::string& content, std::int64_t tag) {
  for (std::uint64_t offset = segment_of(content, PT_DYNAMIC).p_offset;;
       offset += sizeof(ElfW(Dyn))) {
    auto& entry = at<ElfW(Dyn)>(content, offset);
    if (entry.d_tag == tag) return entry;
    if (entry.d_tag == DT_NULL) throw std::runtime_error("no such entry");
  }
}

struct sample {
  const scratch place;
  const std::string good = content_of(built_module("module_good"));
  std::string bad = good;
  std::string refused() const { return refusal(place.write(bad)); }
};

BOOST_FIXTURE_TEST_SUITE(elf, sample)

BOOST_AUTO_TEST_CASE(what_a_module_needs) {
  const elf_file file(built_module("module_good"));
  const std::vector<std::string> found = file.needed();
  const auto needs = [&](const char* name) {
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& each) { return each.starts_with(name); });
  };
  BOOST_TEST(needs("libstdc++.so"));
  BOOST_TEST(needs("libc.so"));
  BOOST_TEST(!needs("libglovebox"));
  BOOST_TEST(refusal("/proc/self/exe") == "");
}

BOOST_AUTO_TEST_CASE(an_open_file_and_its_name) {
  glovebox::transport::unique_fd open_file(::open(built_module("module_good").c_str(), O_RDONLY));
  BOOST_REQUIRE(open_file);
  const elf_file file(std::move(open_file), "that module");
  BOOST_TEST(file.name() == "that module");
  BOOST_TEST(!file.needed().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_file) {
  BOOST_TEST(refusal(place.path("missing")) == std::strerror(ENOENT));
  BOOST_TEST(refusal(place.path("")) == "a directory, no file");
  BOOST_TEST(refusal("/dev/zero") == "no regular file");
  // Opening it would wait for its writer.
  BOOST_REQUIRE(::mkfifo(place.path("fifo").c_str(), 0600) == 0);
  BOOST_TEST(refusal(place.path("fifo")) == "no regular file");
  BOOST_REQUIRE(::symlink("loop", place.path("loop").c_str()) == 0);
  BOOST_TEST(refusal(place.path("loop")) == std::strerror(ELOOP));
  const glovebox::transport::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, place.path("socket").c_str(), sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  BOOST_TEST(refusal(place.path("socket")) == "no regular file");
}

BOOST_AUTO_TEST_CASE(what_is_no_elf_file) {
  BOOST_TEST(refusal(place.write("")) == "no ELF file");
  BOOST_TEST(refusal(place.write("\x7f")) == "no ELF file");
  BOOST_TEST(refusal(place.write("#!/bin/sh\nexit 0\n")) == "no ELF file");
  BOOST_TEST(refusal(place.write(std::string(10'000, '\0'))) == "no ELF file");
  BOOST_TEST(refusal(place.write("\x7f"
                                 "ELF")) == "the ELF file is truncated");
}

BOOST_AUTO_TEST_CASE(other_machines_and_kinds) {
  bad = good;
  header_of(bad).e_machine = EM_S390;
  BOOST_TEST(refused() == "an ELF file of another machine");
  bad = good;
  header_of(bad).e_ident[EI_CLASS] = ELFCLASS32;
  BOOST_TEST(refused() == "an ELF file of another machine");
  bad = good;
  header_of(bad).e_ident[EI_DATA] ^= 3;  // the other byte order
  BOOST_TEST(refused() == "an ELF file of another machine");
  bad = good;
  header_of(bad).e_version = 2;
  BOOST_TEST(refused() == "an ELF file of an unknown version");
  for (const unsigned type : {ET_NONE, ET_REL, ET_CORE}) {
    bad = good;
    header_of(bad).e_type = static_cast<ElfW(Half)>(type);
    BOOST_TEST(refused() == "an ELF file, but neither a shared object nor a program");
  }
}

BOOST_AUTO_TEST_CASE(huge_counts_and_offsets) {
  constexpr auto far = ~std::uint64_t{0};
  const std::string truncated = "the ELF file is truncated";
  header_of(bad).e_phnum = 0xFFFF;
  BOOST_TEST(refused() == "the ELF file's table of segments is damaged");
  bad = good;
  header_of(bad).e_phnum = 1024;
  bad.resize(header_of(bad).e_phoff + 1023 * sizeof(ElfW(Phdr)));
  BOOST_TEST(refused() == truncated);
  bad = good;
  header_of(bad).e_phentsize = 0;
  BOOST_TEST(refused() == "the ELF file's table of segments is damaged");
  for (const std::uint64_t offset :
       {far, far - sizeof(ElfW(Phdr)) + 1, std::uint64_t{good.size()}}) {
    bad = good;
    header_of(bad).e_phoff = offset;
    BOOST_TEST(refused() == truncated);
    bad = good;
    segment_of(bad, PT_NOTE).p_offset = offset;
    BOOST_TEST(refused() == truncated);
    bad = good;
    segment_of(bad, PT_DYNAMIC).p_offset = offset;
    BOOST_TEST(refused() == truncated);
  }
  for (const std::uint64_t size : {far, std::uint64_t{1} << 40}) {
    bad = good;
    segment_of(bad, PT_NOTE).p_filesz = size;
    BOOST_TEST(refused() == "the ELF file's notes are too large");
    bad = good;
    segment_of(bad, PT_DYNAMIC).p_filesz = size;
    BOOST_TEST(refused() == "the ELF file's dynamic section is too large");
    bad = good;
    entry_of(bad, DT_NEEDED).d_un.d_val = size;
    BOOST_TEST(refused() == "the ELF file's dynamic section is damaged");
    bad = good;
    entry_of(bad, DT_STRTAB).d_un.d_ptr = size;
    BOOST_TEST(refused() == "the ELF file's dynamic section is damaged");
    bad = good;
    entry_of(bad, DT_STRSZ).d_un.d_val = size;
    entry_of(bad, DT_NEEDED).d_un.d_val = size - 1;
    BOOST_TEST(refused() == truncated);
  }
  // Every entry is a need.
  bad = good;
  const ElfW(Phdr) dynamic = segment_of(bad, PT_DYNAMIC);
  const std::uint64_t many = 2000;
  const std::uint64_t place_of_table = bad.size();
  bad.resize(bad.size() + many * sizeof(ElfW(Dyn)));
  for (std::uint64_t i = 0; i != many; ++i)
    at<ElfW(Dyn)>(bad, place_of_table + i * sizeof(ElfW(Dyn))).d_tag = DT_NEEDED;
  segment_of(bad, PT_DYNAMIC).p_offset = place_of_table;
  segment_of(bad, PT_DYNAMIC).p_filesz = many * sizeof(ElfW(Dyn));
  BOOST_TEST(refused() == "the ELF file needs too many others");
  BOOST_TEST(dynamic.p_filesz != 0u);
}

BOOST_AUTO_TEST_CASE(texts_without_an_end) {
  // The string table ends the file, and its last text has no zero.
  const std::uint64_t table = bad.size();
  bad.append(8000, 'x');
  ElfW(Phdr)& load = segment_of(bad, PT_LOAD);
  load.p_vaddr = 0x70000000;
  load.p_offset = table;
  load.p_filesz = 8000;
  entry_of(bad, DT_STRTAB).d_un.d_ptr = 0x70000000;
  entry_of(bad, DT_STRSZ).d_un.d_val = 8000;
  BOOST_TEST(refused() == "the ELF file has a text without an end");
  // Not even when a zero follows beyond its size.
  bad.resize(table + 100);
  bad += std::string(100, '\0');
  entry_of(bad, DT_STRSZ).d_un.d_val = 100;
  entry_of(bad, DT_NEEDED).d_un.d_val = 50;
  BOOST_TEST(refused() == "the ELF file has a text without an end");
}

BOOST_AUTO_TEST_CASE(every_truncation) {
  const std::string path = place.write(good);
  std::size_t refusals = 0;
  for (std::size_t size = good.size(); size-- != 0;) {
    BOOST_REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
    if (!refusal(path).empty()) ++refusals;
  }
  // All that is read lies before the section headers and what they describe.
  const std::uint64_t needed = segment_of(bad, PT_DYNAMIC).p_offset;
  BOOST_TEST(refusals > needed);
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  // Header, segments and dynamic section: refused, or read to something; never anything else.
  const ElfW(Ehdr) header = header_of(bad);
  const ElfW(Phdr) dynamic = segment_of(bad, PT_DYNAMIC);
  const std::uint64_t heads = header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr));
  const std::string path = place.write(good);
  const glovebox::transport::unique_fd file(::open(path.c_str(), O_RDWR));
  std::size_t refusals = 0, others = 0;
  const auto flip_all = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i != to; ++i)
      for (const unsigned bits : {0x01u, 0x02u, 0x10u, 0x80u, 0xFFu}) {
        const char changed = flipped(good, i, bits)[i];
        BOOST_REQUIRE(::pwrite(file.get(), &changed, 1, static_cast<off_t>(i)) == 1);
        ++(refusal(path).empty() ? others : refusals);
        BOOST_REQUIRE(::pwrite(file.get(), &good[i], 1, static_cast<off_t>(i)) == 1);
      }
  };
  flip_all(0, heads);
  flip_all(dynamic.p_offset, dynamic.p_offset + dynamic.p_filesz);
  BOOST_TEST(refusals > 100u);
  BOOST_TEST(others > 100u);
  BOOST_TEST(refusal(path) == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
