// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/module_loader.hpp"
#include "unit/module_files.hpp"

#include <boost/test/unit_test.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>
#include <typeinfo>
#include <vector>

BOOST_AUTO_TEST_SUITE(module_loader_test)

using namespace glovebox::runtime;
using glovebox::test::built_module;
using glovebox::test::content_of;
using glovebox::test::flipped;
using glovebox::test::scratch;

/// How often code of modules has run in this process.
int modules_run() {
  const char* const count = std::getenv("GLOVEBOX_TEST_MODULES_RUN");
  return count ? std::atoi(count) : 0;
}

/// The text of the error, which must be exactly an E.
template <class E, class F>
std::string error_of(F&& what) {
  try {
    what();
  } catch (const module_error& error) {
    BOOST_TEST((typeid(error) == typeid(E) ||
                dynamic_cast<const std::nested_exception*>(&error) != nullptr));
    BOOST_TEST(dynamic_cast<const E*>(&error) != nullptr);
    return error.what();
  }
  BOOST_ERROR("no error");
  return {};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_CASE(the_abi_says_what_matters) {
  const std::string abi = GLOVEBOX_MODULE_ABI;
  BOOST_TEST(holds(abi, "glovebox " + std::to_string(GLOVEBOX_ABI_NUMBER) + ","));
  BOOST_TEST(holds(abi, std::to_string(sizeof(void*)) + " byte pointers"));
  BOOST_TEST(!holds(abi, "_"));  // no macro was left as it is
}

// ---- finding

BOOST_AUTO_TEST_CASE(found_by_either_name_in_the_order_of_the_path) {
  const scratch first, second;
  const std::vector<std::string> path{first.path("nowhere"), "", first.path(""), second.path("")};
  const std::string plain = second.write("", "vision.so");
  BOOST_TEST(find_module("vision", path) == second.path("/vision.so"));
  const std::string lib = first.write("", "libvision.so");
  BOOST_TEST(find_module("vision", path) == first.path("/libvision.so"));
  first.write("", "vision.so");
  BOOST_TEST(find_module("vision", path) == first.path("/vision.so"));
  BOOST_TEST(find_module("libvision", path) == first.path("/libvision.so"));
}

BOOST_AUTO_TEST_CASE(not_found_lists_the_places) {
  const scratch place;
  const std::string file = place.write("", "a file");
  const std::vector<std::string> path{place.path("nowhere"), "/usr", file};
  const std::string text = error_of<module_not_found>([&] { find_module("no_such_module", path); });
  BOOST_TEST(holds(text, "'no_such_module'"));
  BOOST_TEST(holds(text, "no_such_module.so"));
  BOOST_TEST(holds(text, "libno_such_module.so"));
  BOOST_TEST(
      holds(text, path[0] + " (No such file or directory), /usr, " + file + " (Not a directory)"));
  BOOST_TEST(holds(error_of<module_not_found>([] { find_module("x", {}); }), "empty"));
  BOOST_TEST(
      holds(error_of<module_not_found>([] { find_module(std::string(5000, 'n'), {"/usr"}); }),
            "File name too long"));
}

BOOST_AUTO_TEST_CASE(names_that_are_none) {
  const scratch place;
  place.write("", "x.so");
  for (const std::string& name : {std::string(), std::string("/x"), std::string("../x"),
                                  std::string("a/x"), std::string("x\0y", 3)}) {
    const std::string text =
        error_of<module_not_found>([&] { find_module(name, {place.path("")}); });
    BOOST_TEST(holds(text, "the name of a module is a plain file name"));
  }
}

// ---- loading

BOOST_AUTO_TEST_CASE(a_good_module_is_loaded) {
  const std::string path = built_module("module_good");
  BOOST_TEST(module_note(path) == GLOVEBOX_MODULE_ABI);
  const int before = modules_run();
  void* const module = load_module_file(path);
  BOOST_REQUIRE(module != nullptr);
  BOOST_TEST(modules_run() == before + 1);
  const auto answer = reinterpret_cast<int (*)()>(::dlsym(module, "glovebox_test_answer"));
  BOOST_REQUIRE(answer != nullptr);
  BOOST_TEST(answer() == 42);
  BOOST_TEST(::dlsym(RTLD_DEFAULT, "glovebox_test_answer") == nullptr);  // RTLD_LOCAL
  BOOST_TEST(load_module_file(path) == module);
  BOOST_TEST(modules_run() == before + 1);
}

BOOST_AUTO_TEST_CASE(the_file_that_was_checked_is_the_one_loaded) {
  // Without a slash, dlopen would search for it.
  const scratch place;
  std::filesystem::copy_file(built_module("module_good"), place.path("libc.so.6"));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(place.path(""));
  void* const module = load_module_file("libc.so.6");
  std::filesystem::current_path(before);
  BOOST_TEST(::dlsym(module, "glovebox_test_answer") != nullptr);
}

BOOST_AUTO_TEST_CASE(nothing_runs_of_what_is_refused) {
  const int before = modules_run();
  const std::string without = built_module("module_without_note");
  std::string text = error_of<not_a_module>([&] { load_module_file(without); });
  BOOST_TEST(text == without + " is no glovebox module: GLOVEBOX_MODULE stands nowhere in it");

  const std::string other = built_module("module_of_other_abi");
  BOOST_TEST(module_note(other) == "glovebox 0, another world");
  text = error_of<module_abi_mismatch>([&] { load_module_file(other); });
  BOOST_TEST(holds(text, other));
  BOOST_TEST(holds(text, "'glovebox 0, another world'"));
  BOOST_TEST(holds(text, "'" GLOVEBOX_MODULE_ABI "'"));

  const std::string two = built_module("module_of_two_abis");
  text = error_of<module_abi_mismatch>([&] { load_module_file(two); });
  BOOST_TEST(holds(text, two));
  BOOST_TEST(holds(text, "'glovebox 0, another world'"));
  BOOST_TEST(holds(text, "'" GLOVEBOX_MODULE_ABI "'"));

  text = error_of<module_abi_mismatch>(
      [&] { load_module_file(built_module("module_good"), "an older one"); });
  BOOST_TEST(holds(text, "'an older one'"));
  BOOST_TEST(modules_run() == before);
}

BOOST_AUTO_TEST_CASE(what_the_dynamic_linker_refuses) {
  const std::string path = built_module("module_that_lacks");
  const int before = modules_run();
  const std::string text = error_of<module_not_loadable>([&] { load_module_file(path); });
  BOOST_TEST(holds(text, path + " cannot be loaded: "));
  BOOST_TEST(holds(text, "glovebox_test_function_that_is_nowhere"));
  BOOST_TEST(modules_run() == before);
}

BOOST_AUTO_TEST_CASE(an_initialiser_that_throws) {
  const std::string path = built_module("module_that_throws");
  const int before = modules_run();
  const auto load = [&] { load_module_file(path); };
  const std::string text = error_of<module_initialiser_threw>(load);
  BOOST_TEST(text == path +
                         " cannot be loaded: a static initialiser threw std::domain_error: no "
                         "licence found");
  try {
    load();
    BOOST_ERROR("loaded at the second attempt");
  } catch (const module_initialiser_threw& error) {
    BOOST_TEST(holds(error.what(), "no licence found"));
  }
  BOOST_TEST(modules_run() == before + 1);
  // Loading goes on afterwards.
  BOOST_TEST(load_module_file(built_module("module_good")) != nullptr);
  error_of<module_not_loadable>([] { load_shared_object("/nowhere/x.so"); });
}

BOOST_AUTO_TEST_CASE(the_exception_of_an_initialiser_is_nested) {
  const scratch place;  // another file, so that it is another module
  std::filesystem::copy_file(built_module("module_that_throws"), place.path());
  try {
    load_shared_object(place.path(), "the module");
    BOOST_ERROR("loaded");
  } catch (const module_initialiser_threw& error) {
    BOOST_TEST(holds(error.what(), "the module cannot be loaded: "));
    BOOST_CHECK_EXCEPTION(std::rethrow_if_nested(error), std::domain_error,
                          [](const std::domain_error& inner) {
                            return inner.what() == std::string("no licence found");
                          });
  }
}

// ---- files of all kinds

BOOST_AUTO_TEST_CASE(what_is_no_shared_object) {
  const scratch place;
  const auto refused = [](const std::string& path) {
    const std::string text = error_of<not_a_shared_object>([&] { module_note(path); });
    BOOST_TEST(text == error_of<not_a_shared_object>([&] { load_module_file(path); }));
    BOOST_TEST(holds(text, path + " is no module: "));
    return text;
  };
  const std::string missing = error_of<module_not_found>([&] { module_note(place.path("none")); });
  BOOST_TEST(holds(missing, place.path("none")));
  BOOST_TEST(holds(refused(place.path("")), "a directory"));
  BOOST_REQUIRE(::mkfifo(place.path("fifo").c_str(), 0600) == 0);
  BOOST_TEST(holds(refused(place.path("fifo")), "no regular file"));
  BOOST_TEST(holds(refused(place.write("#!/bin/sh\n")), "no ELF file"));
  std::string foreign = content_of(built_module("module_good"));
  reinterpret_cast<ElfW(Ehdr)*>(foreign.data())->e_machine = EM_S390;
  BOOST_TEST(holds(refused(place.write(foreign)), "another machine"));
}

/// What is found in a damaged copy of a good module: its note, or nothing when it was refused.
std::string note_or_nothing(const std::string& path) {
  try {
    return module_note(path);
  } catch (const module_error& error) {
    BOOST_TEST(holds(error.what(), path));
    return {};
  }
}

BOOST_AUTO_TEST_CASE(every_byte_of_the_heads_and_the_note_flipped) {
  const scratch place;
  const std::string good = content_of(built_module("module_good"));
  ElfW(Ehdr) header;
  std::memcpy(&header, good.data(), sizeof header);
  const std::uint64_t heads = header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr));
  const std::size_t note = good.find(GLOVEBOX_MODULE_ABI);
  BOOST_REQUIRE(note != std::string::npos);
  const std::size_t note_begin = note - 24, note_end = note + sizeof(GLOVEBOX_MODULE_ABI) - 1;

  const std::string path = place.write(good);
  BOOST_REQUIRE(note_or_nothing(path) == GLOVEBOX_MODULE_ABI);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  std::size_t refused = 0, unharmed = 0, changed = 0;
  const auto flip_all = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i != to; ++i)
      for (const unsigned bits : {0x01u, 0x02u, 0x10u, 0x80u, 0xFFu}) {
        const std::string bad = flipped(good, i, bits);
        BOOST_REQUIRE(::pwrite(file, &bad[i], 1, static_cast<off_t>(i)) == 1);
        const std::string found = note_or_nothing(path);
        if (found.empty())
          ++refused;
        else if (found == GLOVEBOX_MODULE_ABI)
          ++unharmed;
        else
          ++changed;
        BOOST_TEST(holds(bad, found));  // whatever it is stands in the file
        BOOST_REQUIRE(::pwrite(file, &good[i], 1, static_cast<off_t>(i)) == 1);
      }
  };
  flip_all(0, heads);
  BOOST_TEST(refused > 100u);
  BOOST_TEST(unharmed > 100u);
  refused = unharmed = changed = 0;
  flip_all(note_begin, note_end);
  constexpr std::size_t padding = 12 - sizeof "glovebox";
  BOOST_TEST(unharmed == 5 * padding);
  BOOST_TEST(changed >= 5 * (sizeof(GLOVEBOX_MODULE_ABI) - 1));
  BOOST_TEST(refused > 0u);
  ::close(file);
}

BOOST_AUTO_TEST_CASE(every_truncation) {
  const scratch place;
  const std::string good = content_of(built_module("module_good"));
  const std::size_t end = good.find(GLOVEBOX_MODULE_ABI) + sizeof(GLOVEBOX_MODULE_ABI) - 1;
  const std::string path = place.write(good);
  const int before = modules_run();
  for (std::size_t size = good.size(); size-- != 0;) {
    BOOST_REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
    const std::string found = note_or_nothing(path);
    BOOST_TEST((found.empty() || (found == GLOVEBOX_MODULE_ABI && size >= end)), "size " << size);
    if (found.empty()) BOOST_CHECK_THROW(load_module_file(path), module_error);
  }
  BOOST_TEST(modules_run() == before);
}

BOOST_AUTO_TEST_SUITE_END()
