// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/file_descriptor.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <utility>

namespace glovebox::test {

inline file_descriptor some_file() {
  return file_descriptor(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

/// Names the open file behind a descriptor.
inline std::pair<dev_t, ino_t> file_of(int fd) {
  struct stat info {};
  BOOST_REQUIRE(::fstat(fd, &info) == 0);
  return {info.st_dev, info.st_ino};
}
inline bool same_file(const file_descriptor& a, const file_descriptor& b) {
  return file_of(a.get()) == file_of(b.get());
}
inline bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
inline bool closes_on_exec(const file_descriptor& fd) {
  return (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
}
inline std::ptrdiff_t open_descriptors() {
  std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// Each test must leave as many as it found.
struct no_leak {
  std::ptrdiff_t before = open_descriptors();
  ~no_leak() { BOOST_TEST(open_descriptors() == before); }
};

}  // namespace glovebox::test
