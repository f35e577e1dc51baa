// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/module_file.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <string>

namespace module_file_test {

using namespace glovebox::backtrace;

struct folder {
  std::string path;
  folder() : path((std::filesystem::temp_directory_path() / "glovebox-XXXXXX").string()) {
    BOOST_REQUIRE(::mkdtemp(path.data()));
  }
  ~folder() { std::filesystem::remove_all(path); }
};

mapping of(const std::string& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  mapping shown;
  shown.path = path;
  shown.inode = status.st_ino;
  return shown;
}

void write(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
}

BOOST_FIXTURE_TEST_CASE(a_file, folder) {
  write(path + "/file", "content");
  const opened_file opened = open_module(of(path + "/file"));
  BOOST_TEST(opened.refusal == "");
  char content[7];
  BOOST_TEST(::pread(opened.file.get(), content, sizeof content, 0) == 7);
  BOOST_TEST(std::string(content, 7) == "content");
  BOOST_TEST(!linked_address(opened.file, 0));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_replaced, folder) {
  write(path + "/file", "old");
  const mapping shown = of(path + "/file");
  write(path + "/new", "new");
  std::filesystem::rename(path + "/new", path + "/file");
  const opened_file opened = open_module(shown);
  BOOST_TEST(!opened.file);
  BOOST_TEST(opened.refusal == "was replaced since it was loaded");
  BOOST_TEST(!open_module(of(path + "/none")).file);
  BOOST_TEST(!open_module(of("")).file);
  BOOST_TEST(!open_module(of("[heap]")).file);
  BOOST_TEST(!open_module(of("relative")).file);
}

// That would wait for somebody at the other end.
BOOST_FIXTURE_TEST_CASE(what_is_no_regular_file, folder) {
  BOOST_REQUIRE(::mkfifo((path + "/fifo").c_str(), 0600) == 0);
  for (const std::string& each : {path + "/fifo", path, std::string("/dev/zero")}) {
    const opened_file opened = open_module(of(each));
    BOOST_TEST(!opened.file);
    BOOST_TEST(opened.refusal == "is no regular file");
  }
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_too_large, folder) {
  write(path + "/file", "");
  std::error_code refused;
  std::filesystem::resize_file(path + "/file", (std::uintmax_t{4} << 30) + 1, refused);
  if (refused) return;  // the file system has no files of that size either
  BOOST_TEST(open_module(of(path + "/file")).refusal == "is too large");
}

BOOST_AUTO_TEST_CASE(debug_files) {
  const unsigned char id[] = {0xde, 0xad, 0xbe, 0xef};
  BOOST_TEST(!open_debug_file(id));
  BOOST_TEST(!open_debug_file({}));
}

BOOST_AUTO_TEST_CASE(addresses_of_this_program) {
  const std::string own = std::filesystem::read_symlink("/proc/self/exe").string();
  const opened_file opened = open_module(of(own));
  BOOST_REQUIRE(opened.file);
  BOOST_TEST(linked_address(opened.file, 0).has_value());
  BOOST_TEST(!linked_address(opened.file, UINT64_MAX));
}

}  // namespace module_file_test
