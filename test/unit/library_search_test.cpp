// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/library_search.hpp"
#include "unit/module_files.hpp"

#include <boost/test/unit_test.hpp>

#include <dlfcn.h>
#include <sys/stat.h>
#include <cstdint>
#include <cstring>
#include <filesystem>

BOOST_AUTO_TEST_SUITE(library_search_test)

using namespace glovebox::runtime;

BOOST_AUTO_TEST_CASE(libraries_of_the_system) {
  // As the dynamic linker found it for this program.
  const std::string libc = find_library("libc.so.6");
  BOOST_REQUIRE(!libc.empty());
  void* const printf_address = ::dlsym(RTLD_DEFAULT, "_IO_2_1_stdout_");
  Dl_info where;
  BOOST_REQUIRE(::dladdr(printf_address, &where) != 0);
  BOOST_TEST(std::filesystem::equivalent(libc, where.dli_fname));
  for (const char* const name : {"", "no_such_library.so", "/usr/lib", "../libc.so.6", ".", ".."})
    BOOST_TEST(find_library(name) == "");
}

BOOST_AUTO_TEST_CASE(what_is_loaded) {
  BOOST_TEST(library_loaded("libc.so.6"));
  BOOST_TEST(library_loaded("libstdc++.so.6"));
  BOOST_TEST(!library_loaded("no_such_library.so"));
  // With a path only what was loaded by that path; nothing is opened to find out.
  const glovebox::test::scratch place;
  BOOST_REQUIRE(::mkfifo(place.path("fifo").c_str(), 0600) == 0);
  BOOST_TEST(!library_loaded(place.path("fifo")));
  const std::string copy = place.path("copy.so");
  std::filesystem::copy_file(glovebox::test::built_module("module_without_note"), copy);
  BOOST_TEST(!library_loaded(copy));
  BOOST_REQUIRE(::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr);
  BOOST_TEST(library_loaded(copy));
  BOOST_TEST(!library_loaded("copy.so"));
}

struct cache_entry {
  std::int32_t flags = 3;
  std::uint32_t name = 0, path = 0, os_version = 0;
  std::uint64_t hardware = 0;
};

/// A cache with these entries, name and path.
std::string cache_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string head = "glibc-ld.so.cache1.1", table, texts;
  const auto append = [](std::string& to, const auto& value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  append(head, static_cast<std::uint32_t>(entries.size()));
  head.resize(48);
  const std::size_t first = head.size() + entries.size() * sizeof(cache_entry);
  for (const auto& [name, path] : entries) {
    cache_entry each;
    each.name = static_cast<std::uint32_t>(first + texts.size());
    texts += name + '\0';
    each.path = static_cast<std::uint32_t>(first + texts.size());
    texts += path + '\0';
    append(table, each);
  }
  return head + table + texts;
}

const std::string sample = cache_of({{"libone.so.1", "/first/libone.so.1"},
                                     {"libtwo.so", "/libtwo.so"},
                                     {"libone.so.1", "/second/libone.so.1"}});

BOOST_AUTO_TEST_CASE(entries_of_a_cache) {
  BOOST_TEST((paths_in_cache(sample, "libone.so.1") ==
              std::vector<std::string>{"/first/libone.so.1", "/second/libone.so.1"}));
  BOOST_TEST((paths_in_cache(sample, "libtwo.so") == std::vector<std::string>{"/libtwo.so"}));
  BOOST_TEST(paths_in_cache(sample, "libone").empty());
  BOOST_TEST(paths_in_cache(sample, "").empty());
  BOOST_TEST(paths_in_cache({}, "libone.so.1").empty());
  BOOST_TEST(paths_in_cache("ld.so-1.7.0" + sample, "libone.so.1").empty());
}

BOOST_AUTO_TEST_CASE(the_cache_of_this_machine) {
  const std::string cache = std::filesystem::exists("/etc/ld.so.cache")
                                ? glovebox::test::content_of("/etc/ld.so.cache")
                                : std::string();
  if (!cache.starts_with("glibc-ld.so.cache1.1")) return;
  const auto paths = paths_in_cache(cache, "libc.so.6");
  BOOST_TEST(!paths.empty());
  for (const std::string& each : paths) BOOST_TEST(std::filesystem::exists(each));
}

BOOST_AUTO_TEST_CASE(damaged_caches) {
  for (std::size_t size = 0; size != sample.size(); ++size)
    BOOST_TEST(paths_in_cache(std::string_view(sample).substr(0, size), "libone.so.1").size() <=
               2u);
  std::size_t changed = 0;
  for (std::size_t i = 0; i != sample.size(); ++i)
    for (const unsigned bits : {0x01u, 0x10u, 0x80u, 0xFFu}) {
      const std::string bad = glovebox::test::flipped(sample, i, bits);
      const auto paths = paths_in_cache(bad, "libone.so.1");
      for (const std::string& each : paths) BOOST_TEST(bad.find(each) != std::string::npos);
      if (paths != paths_in_cache(sample, "libone.so.1")) ++changed;
    }
  BOOST_TEST(changed > 100u);
}

BOOST_AUTO_TEST_SUITE_END()
