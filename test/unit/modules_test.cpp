// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/modules.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(modules_test)

using namespace glovebox::core;
using namespace glovebox::runtime;
using glovebox::test::bytes;

int in_this_program = 0;

/// A directory of the test's own.
struct folder {
  folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "glovebox-modules-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path = name;
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }

  std::string write(const bytes& content) const {
    const std::string file = path / "file";
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + file);
    return file;
  }
  std::filesystem::path path;
};

template <class T>
void append(bytes& to, const T& value) {
  to.resize(to.size() + sizeof value);
  std::memcpy(to.data() + to.size() - sizeof value, &value, sizeof value);
}

void pad(bytes& to, std::size_t alignment) {
  while (to.size() % alignment != 0) to.push_back(std::byte{0xAA});
}

/// A note, in a segment that begins aligned.
void append_note(bytes& to, std::string_view name, std::uint32_t type, std::string_view content,
                 std::size_t alignment) {
  ElfW(Nhdr) header{};
  header.n_namesz = static_cast<std::uint32_t>(name.size() + 1);
  header.n_descsz = static_cast<std::uint32_t>(content.size());
  header.n_type = type;
  append(to, header);
  for (const char each : name) append(to, each);
  append(to, '\0');
  pad(to, alignment);
  for (const char each : content) append(to, each);
  pad(to, alignment);
}

/// Its first bytes are those of every ELF file of this machine.
ElfW(Ehdr) head_of_this_program() {
  ElfW(Ehdr) header{};
  std::ifstream in("/proc/self/exe", std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(&header), sizeof header)) throw std::runtime_error("exe");
  return header;
}

/// The head of an ELF file with one PT_NOTE segment.
bytes elf_with(const bytes& notes, std::size_t alignment) {
  ElfW(Ehdr) header = head_of_this_program();
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(ElfW(Phdr));
  header.e_phnum = 2;
  ElfW(Phdr) load{};
  load.p_type = PT_LOAD;
  ElfW(Phdr) segment{};
  segment.p_type = PT_NOTE;
  segment.p_align = alignment;
  segment.p_offset = sizeof header + 2 * sizeof segment;
  segment.p_filesz = segment.p_memsz = notes.size();
  bytes file;
  append(file, header);
  append(file, load);
  append(file, segment);
  file.insert(file.end(), notes.begin(), notes.end());
  return file;
}

const std::string id = std::string("\x01\x02\x00\xff", 4) + "0123456789abcdef";

bytes sample_file() {
  bytes notes;
  append_note(notes, "GNU", NT_GNU_ABI_TAG, "sixteen bytes ..", 4);
  append_note(notes, "GNU", NT_GNU_BUILD_ID, id, 4);
  return elf_with(notes, 4);
}

/// The file's build id; empty when it was refused as it must be: by an error that names it.
std::string id_or_nothing(const std::string& path) {
  try {
    const std::string found = build_id_of_file(path);
    BOOST_TEST(!found.empty());
    return found;
  } catch (const std::runtime_error& why) {
    BOOST_TEST(std::string(why.what()).find(path) == 0u);
    return {};
  }
}

BOOST_AUTO_TEST_CASE(the_program_itself) {
  const auto found = module_at(&in_this_program);
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->path == std::filesystem::read_symlink("/proc/self/exe").string());
  BOOST_TEST(!found->identity.bytes.empty());
  BOOST_TEST(found->base <= reinterpret_cast<std::uintptr_t>(&in_this_program));
  BOOST_TEST((module_base(found->identity) == found->base));
  if (found->identity.kind == module_identity::source::build_id)
    BOOST_TEST(build_id_of_file(found->path) == found->identity.bytes);
  else
    BOOST_TEST(id_or_nothing(found->path).empty());
  // Always the same.
  BOOST_TEST((module_at(&id)->identity == found->identity));
}

BOOST_AUTO_TEST_CASE(shared_objects_are_others) {
  const auto program = module_at(&in_this_program);
  // The address of a function may be that of the program's own jump to it; data has none.
  void* const libc_data = ::dlsym(RTLD_DEFAULT, "_IO_2_1_stdout_");
  BOOST_REQUIRE(libc_data != nullptr);
  const auto libc = module_at(libc_data);
  BOOST_REQUIRE(libc.has_value());
  BOOST_TEST(libc->path.find("libc") != std::string::npos);
  BOOST_TEST(libc->path.front() == '/');
  BOOST_TEST(!(libc->identity == program->identity));
  BOOST_TEST(libc->base != program->base);
  BOOST_TEST((module_base(libc->identity) == libc->base));
  if (libc->identity.kind == module_identity::source::build_id)
    BOOST_TEST(build_id_of_file(libc->path) == libc->identity.bytes);
}

BOOST_AUTO_TEST_CASE(addresses_of_no_module) {
  const int on_the_stack = 0;
  const auto on_the_heap = std::make_unique<int>();
  BOOST_TEST(!module_at(&on_the_stack).has_value());
  BOOST_TEST(!module_at(on_the_heap.get()).has_value());
  BOOST_TEST(!module_at(nullptr).has_value());
}

BOOST_AUTO_TEST_CASE(identities_of_no_module) {
  module_identity identity = module_at(&in_this_program)->identity;
  BOOST_REQUIRE(!identity.bytes.empty());
  identity.bytes.back() = static_cast<char>(identity.bytes.back() ^ 1);
  BOOST_TEST(!module_base(identity).has_value());
  identity = module_at(&in_this_program)->identity;
  identity.kind = identity.kind == module_identity::source::build_id
                      ? module_identity::source::code_hash
                      : module_identity::source::build_id;
  BOOST_TEST(!module_base(identity).has_value());
  BOOST_TEST(!module_base({module_identity::source::build_id, "short"}).has_value());
}

BOOST_AUTO_TEST_CASE(build_ids_are_found_among_notes) {
  const folder here;
  BOOST_TEST(id_or_nothing(here.write(sample_file())) == id);
  for (const std::size_t alignment : {std::size_t{4}, std::size_t{8}}) {
    // Before it stand names and contents of every length.
    for (std::size_t length = 0; length != 10; ++length) {
      bytes notes;
      append_note(notes, std::string(length, 'n'), 1, std::string(length / 2, 'c'), alignment);
      append_note(notes, "GNU", NT_GNU_PROPERTY_TYPE_0, std::string(length, 'c'), alignment);
      append_note(notes, "GNU", NT_GNU_BUILD_ID, id, alignment);
      append_note(notes, "GNU", NT_GNU_BUILD_ID, "a second one", alignment);
      BOOST_TEST(id_or_nothing(here.write(elf_with(notes, alignment))) == id,
                 "alignment " << alignment << ", length " << length);
    }
  }
  // 0 and 1 mean 4, as everywhere.
  bytes notes;
  append_note(notes, "x", 1, "yyy", 4);
  append_note(notes, "GNU", NT_GNU_BUILD_ID, id, 4);
  for (const std::size_t alignment : {std::size_t{0}, std::size_t{1}})
    BOOST_TEST(id_or_nothing(here.write(elf_with(notes, alignment))) == id);
}

BOOST_AUTO_TEST_CASE(notes_that_are_no_build_id) {
  const folder here;
  const auto alone = [&](std::string_view name, std::uint32_t type, std::string_view content) {
    bytes notes;
    append_note(notes, name, type, content, 4);
    return id_or_nothing(here.write(elf_with(notes, 4)));
  };
  BOOST_TEST(alone("GNU", NT_GNU_BUILD_ID, id) == id);
  BOOST_TEST(alone("GNU", NT_GNU_BUILD_ID, "").empty());
  BOOST_TEST(alone("GNV", NT_GNU_BUILD_ID, id).empty());
  BOOST_TEST(alone("GNUx", NT_GNU_BUILD_ID, id).empty());
  BOOST_TEST(alone(std::string_view("GNU\0x", 5), NT_GNU_BUILD_ID, id).empty());
  BOOST_TEST(alone("Go", NT_GNU_BUILD_ID, id).empty());
  BOOST_TEST(alone("GNU", NT_GNU_ABI_TAG, id).empty());
}

BOOST_AUTO_TEST_CASE(files_that_are_none) {
  const folder here;
  const auto refused = [](const std::string& path) { return id_or_nothing(path).empty(); };
  BOOST_TEST(refused((here.path / "missing").string()));
  BOOST_TEST(refused(here.path.string()));
  BOOST_TEST(refused(here.write({})));
  BOOST_TEST(refused(here.write(bytes(10'000))));
  bytes narrow = sample_file();
  const ElfW(Half) of_32_bits = sizeof(Elf32_Phdr);
  std::memcpy(narrow.data() + offsetof(ElfW(Ehdr), e_phentsize), &of_32_bits, sizeof of_32_bits);
  BOOST_TEST(refused(here.write(narrow)));
  BOOST_TEST(refused(here.write(elf_with({}, 4))));
}

BOOST_AUTO_TEST_CASE(every_truncation) {
  const folder here;
  const bytes whole = sample_file();
  for (std::size_t size = 0; size != whole.size(); ++size)
    BOOST_TEST(id_or_nothing(here.write(bytes(whole.begin(),
                                              whole.begin() + static_cast<std::ptrdiff_t>(size))))
                   .empty());
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  const folder here;
  const bytes whole = sample_file();
  std::size_t found = 0, refused = 0;
  for (std::size_t i = 0; i != whole.size(); ++i) {
    for (const unsigned flip : {0x01u, 0x04u, 0x10u, 0x80u, 0xFFu}) {
      bytes changed = whole;
      changed[i] ^= static_cast<std::byte>(flip);
      // Whatever it is that is found stands in the file.
      const std::string got = id_or_nothing(here.write(changed));
      ++(got.empty() ? refused : found);
      const std::string_view text(reinterpret_cast<const char*>(changed.data()), changed.size());
      BOOST_TEST(text.find(got) != text.npos);
    }
  }
  BOOST_TEST(found != 0u);
  BOOST_TEST(refused != 0u);
}

BOOST_AUTO_TEST_SUITE_END()
